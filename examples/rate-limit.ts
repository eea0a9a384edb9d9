/**
 * A rate limit that holds over all processes: five calls a minute for each client.
 *
 *     node dist/examples/rate-limit.js
 */

import { Cache } from 'undercroft'

const LIMIT = 5
const WINDOW_MS = 60_000

const calls = Cache.open<number>({
  name: `calls-${process.pid}`, // your own would be a plain 'calls'
  maxItems: 100_000,
  bitmap: false, // each counter has the 8 bytes it needs
  blockSize: 8,
  maxKeySize: 64,
})

/** Milliseconds to wait; 0: go ahead. */
function mustWaitMs(client: string): number {
  // The first call makes the counter and starts its minute; later ones leave the TTL as it is.
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
