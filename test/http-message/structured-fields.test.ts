import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseDictionary } from '../../src/http-message/index.ts'

/** RFC 9651, most of them examples of its section 3. */
const VALID: readonly (readonly [text: string, members: Readonly<Record<string, unknown>>])[] = [
  ['', {}],
  ['   ', {}],
  ['a', { a: true }],
  [' a ', { a: true }],
  ['a=?0, b, c; foo=bar', { a: false, b: true, c: true }],
  ['en="Applepie", da=:w4ZibGV0w6ZydGU=:', { en: 'Applepie', da: 'w4ZibGV0w6ZydGU=' }],
  ['rating=1.5, feelings=(joy sadness)', { rating: 1.5, feelings: undefined }],
  ['a=(1 2), b=3, c=4;aa=bb, d=(5 6);valid', { a: undefined, b: 3, c: 4, d: undefined }],
  ['a=( ), b=( "x";q=1   y )', { a: undefined, b: undefined }],
  ['max-age=3600,no-store', { 'max-age': 3600, 'no-store': true }],
  ['a=1 \t,\t b=2', { a: 1, b: 2 }],
  ['a=1, a=2', { a: 2 }],
  ['a=-999999999999999', { a: -999_999_999_999_999 }],
  ['a="x\\"y\\\\"', { a: 'x"y\\' }],
  ['*a_b.c-d=*tok/e:n', { '*a_b.c-d': '*tok/e:n' }],
  ['a=@1659578233', { a: 1_659_578_233 }],
  ['a=%"f%c3%bc%c3%bc"', { a: 'füü' }],
  ['a;b;  c="d";e=?1;f=:AA==:', { a: true }],
  ['__proto__=1', {}],
]

const INVALID = [
  'a,',
  ',a',
  'a,,b',
  'a b',
  'A=1',
  '1=1',
  'a =1',
  'a= 1',
  'a=',
  'a=1.',
  'a=.5',
  'a=1.2345',
  'a=1234567890123456',
  'a=1234567890123.1',
  'a=--1',
  'a="open',
  'a="\\x"',
  'a="ü"',
  "a='x'",
  'a=?2',
  'a=?true',
  'a=:=a:',
  'a=:a',
  'a=(1',
  'a=(1,2)',
  'a=("x""y")',
  'a=@1.5',
  'a=%"%C3"',
  'a=%"%c3"',
  'a=%"%zz"',
  'a;=1',
  'a;B',
  'a;b=',
  'a&',
  'max-age=10000, &&&&&',
  'a=1\n',
]

describe('a dictionary of structured fields', () => {
  for (const [text, members] of VALID) {
    const isRefused = text.startsWith('__proto__') // a key begins with a small letter or a star
    test(`${JSON.stringify(text)} is read`, () => {
      const parsed = parseDictionary(text)
      if (isRefused) return assert.equal(parsed, undefined)
      const found = [...(parsed ?? [])].map(([name, member]) => [
        name,
        member.type === 'inner-list' ? undefined : member.value,
      ])
      assert.ok(parsed !== undefined)
      assert.deepEqual(Object.fromEntries(found), members)
    })
  }

  for (const text of INVALID) {
    test(`${JSON.stringify(text)} is none`, () => {
      assert.equal(parseDictionary(text), undefined)
    })
  }

  test('of any length is read in time', () => {
    const hostile = ['"', '\\', '(', ' ', ';a', ',', '%"', '=:', 'a=1 ', '?', '@1', '0']
    for (const piece of hostile) {
      for (const before of ['', 'a=', 'a="', 'a=(', 'a=%"', 'a=:']) {
        parseDictionary(before + piece.repeat(64 * 1024))
      }
    }
  })
})
