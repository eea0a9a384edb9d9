import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { goalLine } from '../../bench/goal.ts'
import { measureStorms } from '../../bench/web/miss-storm.ts'
import { measurePurges } from '../../bench/web/purge.ts'
import { measureWeb, parseWebOptions, webGoals } from '../../bench/web/web.ts'
import { SERVER_NAMES } from '../../bench/web/web-servers.ts'
import { requirePeer } from '../../testing/peers/peers.ts'

describe('the miss storm', () => {
  test('asks the application once for all clients', async t => {
    const storms = await measureStorms(t, { rounds: 1, clients: 50 })
    assert.deepEqual(
      storms.get('undercroft/http')?.map(({ asked }) => asked),
      [1],
    )
  })
})

describe('the purge benchmark', () => {
  test('finds no page after its purge', async t => {
    const { timesMs, hits } = await measurePurges(t, 200)
    assert.equal(hits, 0)
    assert.equal(timesMs.size, 4)
  })
})

describe('the web benchmark', () => {
  // web.long.test.ts measures every server.
  test('measures the servers it is asked for in each round', async t => {
    if (requirePeer(t, 'wrk') === undefined) return
    const names = ['node', 'runner'] as const
    const options = { rounds: 1, seconds: 1, bodySize: 100, varies: true, names }
    const samples = await measureWeb(t, options)
    assert.deepEqual([...samples.keys()], names)
    for (const [name, [sample, ...more]] of samples) {
      assert.deepEqual(more, [], name)
      assert.ok(sample !== undefined && sample.perSecond > 0 && sample.cpuUs > 0, name)
    }
  })

  test('compares round by round, and tells what is not reached or not measured', () => {
    const at = (perSecond: number) => ({ perSecond, cpuUs: 1 })
    const samples = new Map([
      ['node', [at(100), at(1000), at(200)]],
      ['runner', [at(90), at(800), at(180)]],
      ['uwsgi', [at(100), at(400), at(300)]],
    ] as const)
    const lines = webGoals(samples).map(goalLine)
    const title = 'cached pages per second: runner'
    assert.deepEqual(lines.slice(0, 3), [
      `reached       ${title} / node, at least 0.85: 0.90 (0.80..0.90)`,
      `not measured  ${title} / middleware`,
      `NOT reached   ${title} / uwsgi, at least 2: 0.90 (0.60..2.00)`,
    ])
  })

  test('refuses sizes it cannot serve', () => {
    assert.throws(() => parseWebOptions(['--bytes', '0']), /--bytes/)
    assert.throws(() => parseWebOptions(['apache']), /apache/)
    const usual = { rounds: 9, seconds: 2, bodySize: 13, varies: false, names: SERVER_NAMES }
    assert.deepEqual(parseWebOptions([]), usual)
  })
})
