/**
 * The process of the application: the cache `pages` and the app, at the same addresses.
 */

import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { Cache } from '../../src/index.ts'
import { loadApp, takeRequests } from '../../src/runner/apps/index.ts'
import { serveCaches } from '../../src/server/index.ts'
import { answer } from '../../testing/child-side.ts'

/** Sent once, before anything else. */
export interface StartApp {
  readonly listen: readonly string[]
  readonly bufferSize: number
}

export interface AppFacts {
  readonly addresses: readonly string[]
  /** The most memory that the process has had until now. */
  readonly peakSize: number
  readonly log: readonly string[]
}

const log: string[] = []
let addresses: readonly string[] = []

answer<StartApp | 'facts', AppFacts>(async message => {
  if (message !== 'facts') await start(message)
  return { addresses, peakSize: process.resourceUsage().maxRSS * 1024, log }
})

async function start({ listen, bufferSize }: StartApp): Promise<void> {
  const directory = process.env.TEST_CACHES ?? ''
  const pages = Cache.open<Uint8Array>({ name: 'pages', directory, maxItems: 100, blockSize: 1024 })
  const module = fileURLToPath(new URL('./nginx-app.js', import.meta.url))
  const onLog = (line: string) => log.push(line)
  const server = createServer({ maxHeaderSize: 65_536 }, await loadApp({ module }))
  const onRequest = takeRequests(server, onLog)
  ;({ addresses } = await serveCaches([pages], { listen, bufferSize, onRequest, onLog }))
}
