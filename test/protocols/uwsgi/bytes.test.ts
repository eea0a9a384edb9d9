/**
 * The encodings of the protocol, from the outside: what is read, what is refused.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  ByteSource,
  encodeByteList,
  encodeDictionary,
  encodeDictionaryPacket,
  parseArray,
  parseByteList,
  parseCacheCommand,
  parseDecimal,
  parseDictionary,
  parseInt64,
} from '../../../src/protocols/uwsgi/index.ts'

const PAIRS = [
  ['cmd', 'get'],
  ['key', Buffer.from([0, 255])],
  ['cache', ''],
] as const

describe('a dictionary', () => {
  test('reads back as it was written, empty values included', () => {
    const { pairs, complete } = parseDictionary(encodeDictionary(PAIRS))
    assert.equal(complete, true)
    assert.deepEqual(
      pairs.map(([name, value]) => [name, value.toString('latin1')]),
      [
        ['cmd', 'get'],
        ['key', '\0\xff'],
        ['cache', ''],
      ],
    )
  })

  test('cut anywhere but between pairs gives the pairs before the cut, and says so', () => {
    const whole = encodeDictionary(PAIRS)
    const ends = new Map([0, 10, 19, 28].map((end, pairCount) => [end, pairCount]))
    for (let size = 0; size <= whole.length; size++) {
      const { pairs, complete } = parseDictionary(whole.subarray(0, size))
      assert.equal(complete, ends.has(size), `cut at ${size}`)
      assert.equal(pairs.length, [10, 19, 28].filter(end => end <= size).length)
    }
  })

  test('is in one buffer with a small body, and before a large one that is not copied', () => {
    assert.equal(encodeDictionaryPacket(111, 17, PAIRS, Buffer.alloc(100)).length, 1)
    const large = Buffer.alloc(100_000)
    const [head, body] = encodeDictionaryPacket(111, 17, PAIRS, large)
    assert.equal(head?.toString(), encodeDictionaryPacket(111, 17, PAIRS)[0]?.toString())
    assert.equal(body, large)
  })
})

describe('a request', () => {
  test('has only what stands under the very names of the protocol', () => {
    const pairs = [
      ['cmd', 'get'],
      ['cme', 'del'],
      ['size', '5'],
      ['safe', '1'],
      ['sizes', '6'],
      ['siz', '7'],
      ['SIZE', '8'],
      ['key', 'k'],
    ] as const
    const request = parseCacheCommand(encodeDictionary(pairs))
    assert.equal(request?.name, 'get')
    assert.equal(request?.bodySize, 5)
    assert.equal(request?.isSafe, true)
    assert.equal(parseCacheCommand(encodeDictionary([['cmd', 'gets']]))?.name, undefined)
  })

  test('names its own cache, whichever the one before named', () => {
    const names = ['a', 'b', 'a', 'ab', '', 'ä', 'a', 'ab']
    const requests = names.map(name => encodeDictionary([['cache', Buffer.from(name)]]))
    assert.deepEqual(
      requests.map(payload => parseCacheCommand(payload)?.cacheName),
      names,
    )
  })

  test('may lie anywhere in the bytes, and may not end within a pair', () => {
    const payload = encodeDictionary(PAIRS)
    const bytes = Buffer.concat([Buffer.from('before'), payload, Buffer.from('after')])
    const end = 6 + payload.length
    assert.equal(parseCacheCommand(bytes, 6, end)?.name, 'get')
    assert.equal(parseCacheCommand(bytes, 6, end - 1), undefined)
    assert.equal(parseCacheCommand(bytes, 6, end + 1), undefined)
  })
})

describe('an array', () => {
  test('has at most three items, and leaves out empty ones', () => {
    const items = (hex: string) => parseArray(Buffer.from(hex, 'hex'))?.map(String)
    assert.deepEqual(items('010061010062010063010064'), ['a', 'b', 'c'])
    assert.deepEqual(items('0000010061'), ['a'])
    assert.deepEqual(items(''), [])
    assert.equal(items('0100610000'), undefined, 'an empty last item')
    assert.equal(items('01006105'), undefined, 'a stray byte')
    assert.equal(items('050061'), undefined, 'a size that does not fit')
  })

  test('in the plain form keeps every item, and is refused when cut', () => {
    const items = ['', 'a', 'bc', ''].map(text => Buffer.from(text))
    const bytes = encodeByteList(items)
    assert.deepEqual(parseByteList(bytes)?.map(String), ['', 'a', 'bc', ''])
    assert.equal(parseByteList(bytes.subarray(0, -1)), undefined)
    assert.equal(parseByteList(bytes.subarray(0, 4)), undefined)
  })
})

describe('a number', () => {
  test('is digits and nothing else', () => {
    const decimal = (text: string) => parseDecimal(Buffer.from(text))
    assert.deepEqual(['0', '007', '9007199254740991'].map(decimal), [0, 7, 9007199254740991])
    for (const text of ['', '-1', '+1', '1.5', 'abc', '1 ', ' 1', '1e3', '9007199254740992']) {
      assert.equal(decimal(text), undefined, JSON.stringify(text))
    }
    assert.equal(decimal('9'.repeat(60_000)), undefined)
  })

  test('of 64 bits has a sign if it is negative', () => {
    const int64 = (text: string) => parseInt64(Buffer.from(text))
    assert.equal(int64('-9223372036854775808'), -(2n ** 63n))
    assert.equal(int64('9223372036854775807'), 2n ** 63n - 1n)
    for (const text of ['', '-', '9223372036854775808', '1n', '0x1', '--1', '1'.repeat(5000)]) {
      assert.equal(int64(text), undefined, JSON.stringify(text))
    }
  })
})

describe('a stream of bytes', () => {
  test('gives the same stretches however it is cut into chunks', () => {
    const bytes = Buffer.from(Array.from({ length: 1000 }, (_, i) => i & 255))
    for (const chunkSize of [1, 2, 3, 7, 64, 999, 1000]) {
      const source = new ByteSource()
      const sizes = [4, 0, 1, 500, 3]
      const taken: Buffer[] = []
      for (let at = 0; at < bytes.length; at += chunkSize) {
        source.push(bytes.subarray(at, at + chunkSize))
        for (;;) {
          const part = source.take(sizes[taken.length % sizes.length] ?? 1)
          if (part === undefined) break
          taken.push(part)
        }
      }
      const size = taken.reduce((sum, part) => sum + part.length, 0)
      assert.ok(Buffer.concat(taken).equals(bytes.subarray(0, size)), `chunks of ${chunkSize}`)
      assert.ok(size > 480, 'all but the last stretch')
    }
  })

  test('skips what is there and says what is still to come', () => {
    const source = new ByteSource()
    source.push(Buffer.from('abcdef'))
    assert.equal(source.skip(4), 0)
    assert.equal(source.skip(5), 3)
    source.push(Buffer.from('xyz!'))
    assert.equal(source.skip(3), 0)
    assert.equal(String(source.take(1)), '!')
  })
})

describe('a request of command 17', () => {
  const parse = (pairs: readonly (readonly [string, string])[]) =>
    parseCacheCommand(encodeDictionary(pairs))

  test('takes the last of a name, and ignores names it does not know', () => {
    const request = parse([
      ['key', 'a'],
      ['cmd', 'set'],
      ['what', 'ever'],
      ['cmd', 'get'],
      ['key', 'b'],
    ])
    assert.equal(request?.name, 'get')
    assert.equal(String(request?.key), 'b')
  })

  test('has its TTL from ttl, else from expires, in any order', () => {
    const ttlMs = (...pairs: [string, string][]) => parse(pairs)?.ttlMs
    assert.equal(ttlMs(['ttl', '5'], ['expires', '9']), 5)
    assert.equal(ttlMs(['expires', '9'], ['ttl', '5']), 5)
    assert.equal(ttlMs(['expires', '9']), 9000)
    assert.equal(ttlMs(['expires', '0']), Number.POSITIVE_INFINITY)
    assert.equal(ttlMs(['expires', '-1']), 0)
    assert.equal(ttlMs(['expires', '-1a']), undefined)
    assert.equal(ttlMs(['ttl', '-1']), Number.POSITIVE_INFINITY)
    assert.equal(ttlMs(), undefined)
  })
})
