/**
 * uWSGI's functions in Node, with a cache inside a real uWSGI, and Python next to them.
 */

import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { closeCaches } from '../../src/uwsgi/api/index.ts'
import { cache_get, cache_inc, cache_num, cache_set, cache_update } from '../../src/uwsgi/index.ts'
import { findPeer, requirePeer } from '../../testing/peers/peers.ts'
import { runPython, startUwsgi } from '../../testing/peers/uwsgi.ts'
import { onEnd } from '../../testing/scope.ts'
import { startServer } from '../../testing/undercroft-server.ts'
import { callByName } from '../../testing/uwsgi-api-child.ts'
import { type Call, describeUwsgiApi } from '../../testing/uwsgi-api-contract.ts'

after(() => closeCaches())

const call: Call = async (name, ...args) => callByName(name, args)

describeUwsgiApi('a remote cache in a real uWSGI', async scope => {
  const { command } = findPeer('uwsgi')
  if (command === undefined) return undefined
  const { port } = await startUwsgi(scope, command, ['name=main,items=100'])
  onEnd(scope, () => closeCaches())
  return { write: call, read: call, cache: `main@127.0.0.1:${port}`, counts: false }
})

describe('Python under uWSGI and Node use the same names', () => {
  test('and see what the other stored in a real uWSGI', async t => {
    const command = requirePeer(t, 'uwsgi')
    if (command === undefined) return
    const { port } = await startUwsgi(t, command, ['name=main,items=100'])
    onEnd(t, () => closeCaches())
    const main = `main@127.0.0.1:${port}` as const
    assert.equal(await cache_set('from node', 'größe', 3600, main), true)
    const shown = await runPython(t, command, [
      `main = '${main}'`,
      "show(uwsgi.cache_get('from node', main).decode('utf-8'))",
      "show(uwsgi.cache_set('from python', b'\\x00\\xff', 0, main))",
    ])
    assert.deepEqual(shown, ['größe', true])
    assert.deepEqual(await cache_get('from python', main), Buffer.of(0, 255))
    assert.equal(await cache_update('from python', 'x', 0, main), true)
  })

  test('and answer alike, call for call, on a cache of ours', async t => {
    const command = requirePeer(t, 'uwsgi')
    if (command === undefined) return
    const server = await startServer(t, { caches: [{ name: 'main', maxItems: 100 }] })
    onEnd(t, () => closeCaches())
    const main = `main@127.0.0.1:${server.port}` as const
    const calls = [
      ['cache_get', 'k'],
      ['cache_exists', 'k'],
      ['cache_del', 'k'],
      ['cache_set', 'k', 'v', 0],
      ['cache_set', 'k', 'w', 0],
      ['cache_update', 'k', 'w', 60],
      ['cache_exists', 'k'],
      ['cache_get', 'k'],
      ['cache_clear'],
      ['cache_get', 'k'],
    ] as const
    const python = calls.map(([name, ...args]) => {
      const given = [...args.map(arg => JSON.stringify(arg)), 'main'].join(', ')
      return `show(uwsgi.${name}(${given}))`
    })
    const expected = await runPython(t, command, [`main = '${main}'`, ...python])
    const answers: unknown[] = []
    for (const [name, ...args] of calls) answers.push(await call(name, ...args, main))
    assert.deepEqual(
      answers.map(value => (Buffer.isBuffer(value) ? value.toString() : value)),
      expected,
    )
  })

  test('but only Node counts at a server of ours', async t => {
    const server = await startServer(t, { caches: [{ name: 'main', maxItems: 100 }] })
    onEnd(t, () => closeCaches())
    const main = `main@127.0.0.1:${server.port}` as const
    assert.equal(await cache_inc('n', 5, 0, main), true)
    assert.equal(await cache_inc('n', 5, 0, main), true)
    assert.equal(await cache_num('n', main), 10)
  })
})
