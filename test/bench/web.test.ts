import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { goalLine } from '../../bench/goal.ts'
import { measureWeb, parseWebOptions, webGoals } from '../../bench/web/web.ts'
import { SERVER_NAMES } from '../../bench/web/web-servers.ts'
import { requirePeer } from '../../testing/peers/peers.ts'

describe('the web benchmark', () => {
  test('measures every server in each round', async t => {
    const peers = ['wrk', 'uwsgi', 'nginx'] as const
    if (peers.map(name => requirePeer(t, name)).includes(undefined)) return
    const options = { rounds: 1, seconds: 1, bodySize: 100, names: SERVER_NAMES }
    const samples = await measureWeb(t, options)
    assert.deepEqual([...samples.keys()], SERVER_NAMES)
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
    const usual = { rounds: 9, seconds: 2, bodySize: 13, names: SERVER_NAMES }
    assert.deepEqual(parseWebOptions([]), usual)
  })
})
