import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { NODE_FFI_ENV, requireNode } from './nodes.ts'
import { OVER_SHARED_MEMORY, testSuitesUnder } from './suites.ts'

test('Node 26 has a foreign function interface of its own, which needs no add-on', t => {
  const command = requireNode(t, 26)
  if (command === undefined) return
  const index = new URL('../../src/index.js', import.meta.url)
  const script = `const { Cache } = await import(${JSON.stringify(index)})
    using cache = Cache.open({ name: 'ffi-' + process.pid, maxItems: 10, memory: 'shared' })
    cache.set('key', 'value')
    console.log(cache.get('key'), cache.shared)
    cache.destroy()`
  const args = ['--no-addons', '--input-type=module', '--eval', script]
  const { stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, ...NODE_FFI_ENV },
  })
  assert.equal(stdout, 'value true\n', stderr)
})

const TITLE = 'Node 26 with its own foreign function interface'
testSuitesUnder(26, TITLE, NODE_FFI_ENV, OVER_SHARED_MEMORY)
