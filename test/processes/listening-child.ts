/**
 * A process that listens and does nothing else. It ends when nothing keeps it alive, or with code 7
 * at the first event.
 */

import { Cache, type CacheOptions } from '../../src/index.ts'
import { answer } from '../../testing/child-side.ts'

export interface ListeningTask {
  readonly options: CacheOptions
  readonly keepAlive: boolean
}

export const HEARD = 7

answer<ListeningTask, string>(({ options, keepAlive }) => {
  const cache = Cache.open(options)
  cache.on('set', () => process.exit(HEARD), { keepAlive })
  // The channel to the test would keep the process alive as well.
  process.removeAllListeners('disconnect') // which would end it
  setImmediate(() => process.disconnect())
  return 'listening'
})
