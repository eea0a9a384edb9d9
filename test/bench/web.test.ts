import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { measureWeb, parseWebOptions, targetLines } from '../../bench/web.ts'
import { SERVER_NAMES } from '../../bench/web-servers.ts'
import { requirePeer } from '../peers/peers.ts'

describe('the web benchmark', () => {
  test('measures every server in each round', async t => {
    const command = requirePeer(t, 'wrk')
    const peers = [requirePeer(t, 'uwsgi'), requirePeer(t, 'nginx')]
    if (command === undefined || peers.includes(undefined)) return
    const options = { rounds: 1, seconds: 1, bodySize: 100, names: SERVER_NAMES }
    const samples = await measureWeb(t, command, options)
    assert.deepEqual([...samples.keys()], SERVER_NAMES)
    for (const [name, [sample, ...more]] of samples) {
      assert.deepEqual(more, [], name)
      assert.ok(sample !== undefined && sample.perSecond > 0 && sample.cpuUs > 0, name)
    }
  })

  test('compares round by round, and tells what is not reached or not measured', () => {
    const at = (perSecond: number) => ({ perSecond, cpuUs: 1 })
    const node = [at(100), at(1000), at(200)]
    const runner = [at(90), at(800), at(180)]
    assert.deepEqual(
      targetLines(
        new Map([
          ['node', node],
          ['runner', runner],
        ]),
      ),
      [
        'reached       requests a second: runner / node, at least 0.85: 0.90',
        'not measured  requests a second: runner / uwsgi, at least 2',
      ],
    )
    assert.match(
      targetLines(
        new Map([
          ['node', runner],
          ['runner', [at(9)]],
        ]),
      )[0] ?? '',
      /^NOT re/,
    )
  })

  test('refuses sizes it cannot serve', () => {
    assert.throws(() => parseWebOptions(['--bytes', '0']), /--bytes/)
    assert.throws(() => parseWebOptions(['apache']), /server/)
    const usual = { rounds: 9, seconds: 2, bodySize: 13, names: SERVER_NAMES }
    assert.deepEqual(parseWebOptions([]), usual)
  })
})
