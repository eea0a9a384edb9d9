/**
 * A rate limit for all processes together: five calls per minute for each client.
 *
 *     node dist/examples/rate-limit.js
 */

import { Cache } from 'undercroft'

const LIMIT = 5
const WINDOW_MS = 60_000

const calls = Cache.open<number>({
  name: `calls-${process.pid}`, // use a plain 'calls' in your code
  maxItems: 100_000,
  bitmap: false, // a counter needs 8 bytes
  blockSize: 8,
  maxKeySize: 64,
})

/** @returns milliseconds to wait; 0 if the call is allowed */
function mustWaitMs(client: string): number {
  // The first call creates the counter and starts its minute. Later calls keep the TTL.
  const count = calls.increment(client, 1, { ttlMs: WINDOW_MS }) ?? 1
  return count <= LIMIT ? 0 : (calls.ttlMs(client) ?? 0)
}

for (let call = 1; call <= 6; call++) {
  const waitMs = mustWaitMs('192.0.2.1')
  const answer = waitMs === 0 ? 'go ahead' : `wait ${Math.ceil(waitMs / 1000)} seconds`
  console.log(`call ${call} of 192.0.2.1: ${answer}`)
}
console.log(`call 1 of 192.0.2.2: ${mustWaitMs('192.0.2.2') === 0 ? 'go ahead' : 'wait'}`)
calls.destroy()
