/**
 * More clients at once than the server accepts, and all of them misbehave.
 */

import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { API_ADDRESS, parseAddress } from '../../src/net/index.ts'
import { serveCaches } from '../../src/server/index.ts'
import { until } from '../../testing/deadline.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'
import { type Random, seededRandom } from '../../testing/random.ts'
import { exchange } from '../../testing/raw-client.ts'
import { usedSize } from '../../verification/fuzz/fuzz.ts'
import { mutate, noise } from '../../verification/fuzz/mutate.ts'
import { VECTOR_REQUESTS } from '../../verification/fuzz/seeds.ts'

const CLIENT_COUNT = 2000
const MAX_GROWN_SIZE = 8 * 1024 * 1024

/** What a client does after some bytes. The server has to end those that do nothing. */
const MANNERS: readonly ((socket: Socket, random: Random) => void)[] = [
  () => {},
  socket => socket.end(),
  socket => socket.destroy(),
  socket => socket.resetAndDestroy(),
  socket => socket.pause(),
  (socket, random) => socket.write(noise(100_000, random)),
]

for (const secret of [undefined, 'the secret of this server']) {
  const which = secret === undefined ? '' : ', of a listener with a secret,'
  test(`${CLIENT_COUNT} hostile clients at once${which} leave nothing behind`, async t => {
    const random = seededRandom(t)
    const cache = openTestCache({ items: '100' })
    const limits = { socketTimeoutMs: 300, keepTimeoutMs: 300, maxConnections: 500 }
    const listen = { address: '127.0.0.1:0', ...(secret === undefined ? {} : { secret }) }
    await using server = await serveCaches([cache], { listen: [listen, '127.0.0.1:0'], ...limits })
    const [hostile = '', plain = ''] = server.addresses
    const storm = async () => {
      await Promise.all(Array.from({ length: CLIENT_COUNT }, () => misbehave(hostile, random)))
      await until('the server has let go of all', () => server.connectionCount === 0)
    }
    await storm() // Node.js keeps memory of the first storm for the next
    const before = usedSize()
    cache.set('k', Buffer.from('v'))
    const answer = await exchange(plain, Buffer.from('6f0100006b', 'hex'))
    assert.equal(answer.toString('hex'), '6f01000076')
    assert.deepEqual(cache.verify().problems, [])
    await storm()
    // Memory outside the heap is freed gradually, as finalizers run.
    await until('the memory is given back', () => usedSize() - before < MAX_GROWN_SIZE)
  })
}

/** Resolves when either side has closed the connection. */
function misbehave(address: string, random: Random): Promise<void> {
  const target = parseAddress('address', address, API_ADDRESS)
  assert.equal(target.kind, 'tcp')
  const socket = connect(target as { port: number; host: string })
  socket.on('error', () => {}) // a reset also closes the connection
  socket.on('data', () => {})
  socket.once('connect', () => {
    for (let count = random.below(4); count > 0; count--) {
      socket.write(mutate(VECTOR_REQUESTS, [], random))
    }
    random.pick(MANNERS)(socket, random)
  })
  return new Promise(resolve => {
    socket.once('close', () => resolve())
    setTimeout(() => socket.destroy(), 1000).unref() // a paused socket does not notice the end
  })
}
