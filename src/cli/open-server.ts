/**
 * The seam between `serve` and what it serves: caches made from definitions, sockets that listen.
 */

import { UndercroftError } from '../base/index.ts'
import type { ServeHost } from './environment.ts'

/** Makes real caches and real sockets. */
export const serveHost: ServeHost = {
  async openCache(definition) {
    throw new UndercroftError(
      'UNDERCROFT_SHARING_UNAVAILABLE',
      `this build cannot make the cache "${definition.name}"`,
    )
  },
  async listen() {
    throw new UndercroftError('UNDERCROFT_SYSTEM', 'this build cannot listen')
  },
}
