import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseHttpDate } from '../../src/http-message/http-date.ts'

const AT_MS = Date.UTC(1994, 10, 6, 8, 49, 37)

describe('an HTTP date', () => {
  for (const text of [
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    ' Sun, 06 Nov 1994 08:49:37 GMT ',
    'sun, 06 nov 1994 08:49:37 gmt',
  ]) {
    test(`${JSON.stringify(text)} is a moment`, () => {
      assert.equal(parseHttpDate(text, AT_MS), AT_MS)
    })
  }

  test('with two digits of a year is of the past, if it would be more than 50 years ahead', () => {
    const nowMs = Date.UTC(2027, 0, 1)
    const year = (text: string) => new Date(parseHttpDate(text, nowMs)).getUTCFullYear()
    assert.equal(year('Friday, 15-Jan-27 08:00:00 GMT'), 2027)
    assert.equal(year('Friday, 15-Jan-76 08:00:00 GMT'), 2076)
    assert.equal(year('Friday, 15-Jan-78 08:00:00 GMT'), 1978)
  })

  for (const text of [
    '',
    '0',
    '-1',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 08:49:37 AEST',
    'Sun, 06 Nov 94 08:49:37 GMT',
    'Sun 06 Nov 1994 08:49:37 GMT',
    'Sun,  06  Nov  1994 08:49:37 GMT',
    'Sun, 06-Nov-1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08.49.37 GMT',
    'Sun, 06 Nov 1994 8:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:49:37 GMT',
    '1994-11-06T08:49:37Z',
  ]) {
    test(`${JSON.stringify(text)} is none`, () => {
      assert.ok(Number.isNaN(parseHttpDate(text, AT_MS)))
    })
  }
})
