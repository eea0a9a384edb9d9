import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Child } from '../../testing/child.ts'
import type { Answer } from './private-child.ts'

test('where memory cannot be shared a cache works for itself, with one warning', async t => {
  const child = await Child.start<string, Answer>(
    t,
    new URL('./private-child.js', import.meta.url),
    { env: { UNDERCROFT_FFI: 'none' } },
  )
  const { value, shared, refusals } = await child.ask('sample')
  await child.ask('another')
  await child.kill('SIGTERM')
  assert.deepEqual(value, { kept: true })
  assert.equal(shared, false)
  assert.deepEqual(refusals, ['UNDERCROFT_SHARING_UNAVAILABLE', 'UNDERCROFT_SHARING_UNAVAILABLE'])
  const warnings = child.stderr.match(/UNDERCROFT_PRIVATE_MEMORY/g) ?? []
  assert.equal(warnings.length, 1, child.stderr)
  assert.match(child.stderr, /UNDERCROFT_FFI must be koffi or node:ffi; got none/)
})
