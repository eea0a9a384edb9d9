import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findNearest } from '../../src/base/suggestion.ts'

describe('the suggestion for a mistyped name', () => {
  const names = ['blocksize', 'blocks', 'keysize', 'items', 'hash']
  const cases: [string, string, string | undefined][] = [
    ['finds a missing letter', 'blocksze', 'blocksize'],
    ['finds an extra letter', 'itemss', 'items'],
    ['finds swapped letters', 'itmes', 'items'],
    ['finds a hyphen too many', 'block-size', 'blocksize'],
    ['prefers the nearest of several', 'bloks', 'blocks'],
    ['says nothing when nothing is near', 'processes', undefined],
  ]
  for (const [promise, word, expected] of cases) {
    test(promise, () => assert.equal(findNearest(word, names), expected))
  }
})

test('a word that only one name continues means that name', () => {
  assert.equal(findNearest('ttl', ['mode', 'ttlMs']), 'ttlMs')
  assert.equal(findNearest('ttl', ['ttlMs', 'ttlSeconds']), undefined)
  assert.equal(findNearest('tt', ['ttlMs']), undefined)
})
