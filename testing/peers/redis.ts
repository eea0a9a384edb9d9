/**
 * Real Redis on a Unix socket, without persistence.
 */

import { join } from 'node:path'
import type { Scope } from '../scope.ts'
import { isListening, startService } from '../service.ts'
import { tempDir } from '../temp-dir.ts'

export interface RedisServer {
  readonly socketPath: string
}

export async function startRedis(scope: Scope, command: string): Promise<RedisServer> {
  const dir = tempDir(scope)
  const socketPath = join(dir, 'redis.sock')
  const network = ['--port', '0', '--unixsocket', socketPath]
  const args = [...network, '--save', '', '--appendonly', 'no', '--dir', dir]
  const service = await startService(scope, command, args)
  await service.waitFor('to listen', () => isListening({ path: socketPath }))
  return { socketPath }
}
