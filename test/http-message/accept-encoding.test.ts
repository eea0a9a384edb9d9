import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { chooseCoding } from '../../src/http-message/index.ts'

const OFFERED = ['br', 'zstd', 'gzip']

/** Accept-Encoding, the coding that is chosen of OFFERED, and whether plain bodies are refused. */
const CASES: readonly (readonly [string | undefined, string | undefined, boolean])[] = [
  [undefined, undefined, false],
  ['', undefined, false],
  ['gzip', 'gzip', false],
  ['GZIP', 'gzip', false],
  ['x-gzip', 'gzip', false],
  ['gzip, deflate, br, zstd', 'br', false],
  ['gzip, zstd', 'zstd', false],
  ['gzip;q=1.0, br;q=0.5', 'gzip', false],
  ['gzip;q=0.5, br;q=0.500', 'br', false],
  ['br;q=0, gzip', 'gzip', false],
  ['br;q=0', undefined, false],
  ['deflate, compress', undefined, false],
  ['*', 'br', false],
  ['*;q=0.1, gzip', 'gzip', false],
  ['*, br;q=0', 'zstd', false],
  ['identity', undefined, false],
  ['identity, gzip;q=0.5', undefined, false],
  ['identity;q=0.5, gzip', 'gzip', false],
  ['identity;q=0, gzip', 'gzip', true],
  ['gzip, *;q=0', 'gzip', true],
  ['gzip, *;q=0, identity;q=0.1', 'gzip', false],
  ['*;q=0', undefined, true],
  ['identity;q=0', undefined, true],
  ['br;q=x, gzip;q=0.1', 'gzip', false],
  ['br;q=1.5, gzip', 'gzip', false],
  [' ,, gzip ; q=0.3 ,', 'gzip', false],
]

describe('Accept-Encoding', () => {
  for (const [accepted, coding, refusesPlain] of CASES) {
    test(`${JSON.stringify(accepted)} chooses ${coding ?? 'no coding'}`, () => {
      assert.deepEqual(chooseCoding(accepted, OFFERED), { coding, refusesPlain })
    })
  }

  test('chooses nothing where nothing is offered', () => {
    assert.equal(chooseCoding('gzip', []).coding, undefined)
  })
})
