import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serveCaches } from '../../src/server/index.ts'
import { limitLines } from '../../src/server/limited-log.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'
import { exchange } from '../../testing/raw-client.ts'

test('refused packets are logged up to a limit, then counted', () => {
  const clock = new ManualClock()
  const lines: string[] = []
  const log = limitLines(line => lines.push(line), clock)
  for (let i = 0; i < 500; i++) log(`line ${i}`)
  assert.equal(lines.length, 10)
  clock.advance(10_000)
  log('later')
  assert.deepEqual(lines.slice(10), ['-- 490 more refused packets were not logged --', 'later'])
})

test('a client that sends bad packets does not fill the log', async () => {
  const lines: string[] = []
  const options = { listen: '127.0.0.1:0', onLog: (line: string) => lines.push(line) }
  await using server = await serveCaches([openTestCache({ name: 'log', items: '4' })], options)
  for (let i = 0; i < 15; i++) {
    await exchange(server.addresses[0] ?? '', Buffer.from('05000000', 'hex'))
  }
  assert.equal(lines.length, 10)
})
