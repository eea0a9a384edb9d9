/**
 * A program with a scope that contains another program.
 */

import { execPath } from 'node:process'
import { answer } from '../../testing/child-side.ts'
import { programScope } from '../../testing/scope.ts'
import { startService } from '../../testing/service.ts'

const scope = programScope()

answer<'start', number>(async () => {
  const service = await startService(scope, execPath, ['-e', 'setInterval(() => {}, 1000)'])
  return service.pid
})
