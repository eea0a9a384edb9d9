import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { requirePeer } from '../../testing/peers/peers.ts'
import { ROOT } from '../../testing/root.ts'

test('the remote benchmark measures all clients at both servers, over both transports', async t => {
  if (requirePeer(t, 'uwsgi') === undefined) return
  const args = ['remote', '--size', 'small', '--seconds', '1', '--rounds', '1', '--clients', '2']
  const script = join(ROOT, 'build/bench/run.js')
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args])
  for (const operation of ['get', 'set']) {
    for (const transport of ['TCP', 'Unix']) {
      const title = `${operation} over ${transport}`
      assert.match(stdout, new RegExp(`^${title} +requests per second`, 'm'))
      const goal = `reached +${title}, requests per second: undercroft`
      assert.match(stdout, new RegExp(`${goal} / uwsgi, at least 0\\.9: \\d`))
      assert.match(stdout, new RegExp(`${goal}, pipelined / uwsgi, at least 5: \\d`))
    }
  }
  const setups = ['uwsgi', 'undercroft', 'uwsgi, 1 client', 'undercroft, pipelined']
  if (requirePeer(t, 'python') !== undefined) setups.push('python', 'python, shared memory')
  for (const setup of setups) {
    const rates = [...stdout.matchAll(new RegExp(`^${setup} {2,}(\\d+) \\(`, 'gm'))]
    assert.equal(rates.length, 4, setup)
    for (const [, rate] of rates) assert.ok(Number(rate) > 0, setup)
  }
})
