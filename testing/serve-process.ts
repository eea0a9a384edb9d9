/**
 * `undercroft serve` as a process of a test.
 */

import { MAIN } from './root.ts'
import type { Scope } from './scope.ts'
import { type Service, startService } from './service.ts'

export interface ServeProcess {
  readonly service: Service
  /** The address of its first socket, with a port that the system chose. */
  readonly address: string
}

/** Starts `serve` with these arguments and a socket, and does not wait. */
function startServe(scope: Scope, ...args: string[]): Promise<Service> {
  const socket = ['--socket', '127.0.0.1:0']
  return startService(scope, process.execPath, [MAIN, 'serve', ...socket, ...args])
}

/** Starts `serve` and waits until it has printed how clients reach it. */
export async function serve(scope: Scope, ...args: string[]): Promise<ServeProcess> {
  const service = await startServe(scope, ...args)
  const address = await service.waitFor('to listen', output =>
    output.includes('reach it') ? /bound to TCP address (\S+)/.exec(output)?.[1] : undefined,
  )
  return { service, address }
}
