/**
 * Parsers of bytes that come from a network.
 */

import assert from 'node:assert/strict'
import { ReplyReader } from '../../src/client/reply.ts'
import { decodeFromNetwork, findTypeName, sourceOf } from '../../src/codecs/index.ts'
import {
  ByteSource,
  encodeByteList,
  encodeDeleteDatagram,
  encodeDictionary,
  encodeSetDatagram,
  HEADER_SIZE,
  MAX_KEYS_LIMIT,
  parseArray,
  parseByteList,
  parseCacheCommand,
  parseDatagram,
  parseDictionary,
  parseDumpPairs,
  parseDumpRecord,
  parseDumpRequest,
  parseHeader,
  writeDumpRecord,
} from '../../src/protocols/uwsgi/index.ts'
import { magic } from '../../testing/magic.ts'
import { VECTOR_REQUESTS } from './seeds.ts'
import { allowing, chunksOf, type FuzzTarget, requireWithin } from './target.ts'

const PAYLOADS = VECTOR_REQUESTS.map(bytes => bytes.subarray(HEADER_SIZE))
const GEOMETRY = { items: 4, blockSize: 64, keySize: 16, blocks: 8 }

const stream: FuzzTarget = {
  name: 'stream',
  seeds: VECTOR_REQUESTS,
  share: 10,
  run(input, random) {
    const source = new ByteSource()
    const taken: Buffer[] = []
    let size = random.below(40)
    for (const chunk of chunksOf(input, random)) {
      source.push(chunk)
      for (let part = source.take(size); part !== undefined; part = source.take(size)) {
        assert.equal(part.length, size)
        taken.push(part)
        size = 1 + random.below(40)
      }
    }
    const whole = Buffer.concat(taken)
    assert.ok(whole.equals(input.subarray(0, whole.length)), 'bytes arrive in order')
    assert.ok(input.length - whole.length <= size, 'all available bytes are returned')
  },
}

const dictionary: FuzzTarget = {
  name: 'dictionary',
  seeds: PAYLOADS,
  share: 14,
  run(input) {
    const { pairs, complete } = parseDictionary(input)
    for (const [, value] of pairs) requireWithin(value, input)
    const again = encodeDictionary(pairs)
    assert.ok(again.equals(input.subarray(0, again.length)), 'pairs are those of the input')
    if (complete) assert.equal(again.length, input.length)
    for (const bytes of parseArray(input) ?? []) requireWithin(bytes, input)
    const list = parseByteList(input)
    if (list !== undefined) assert.ok(encodeByteList(list).equals(input))
  },
}

const request: FuzzTarget = {
  name: 'request',
  seeds: PAYLOADS,
  tokens: ['cmd', 'key', 'size', 'ttl', 'expires', '-1', '18446744073709551616', '1e3', '\u0000'],
  share: 14,
  run(input) {
    if (input.length >= HEADER_SIZE) parseHeader(input)
    const parsed = parseCacheCommand(input, 0, input.length)
    if (parsed === undefined) return
    requireWithin(parsed.key, input)
    const { bodySize, ttlMs, cursor, limit, by, initial } = parsed
    assert.ok(bodySize === undefined || (Number.isSafeInteger(bodySize) && bodySize >= 0))
    assert.ok(ttlMs === undefined || ttlMs >= 0, `ttlMs is ${ttlMs}`)
    assert.ok(Number.isSafeInteger(cursor) && cursor >= 0)
    assert.ok(limit >= 0 && limit <= MAX_KEYS_LIMIT)
    for (const number of [by, initial]) {
      assert.ok(number === undefined || BigInt.asIntN(64, number) === number)
    }
  },
}

const datagram: FuzzTarget = {
  name: 'datagram',
  seeds: [
    encodeSetDatagram(Buffer.from('key'), Buffer.from('value'), 0),
    encodeSetDatagram(Buffer.from('key'), Buffer.from('value'), 1_900_000_000_000),
    encodeDeleteDatagram(Buffer.from('key')),
  ].filter(bytes => bytes !== undefined),
  share: 8,
  run(input) {
    const change = parseDatagram(input)
    if (change === undefined) return
    requireWithin(change.key, input)
    assert.ok(change.key.length > 0)
    if (change.kind === 'delete') return
    requireWithin(change.value, input)
    assert.ok(change.value.length > 0 && change.expiresAtMs >= 0)
  },
}

const dumpRecord = (() => {
  const bytes = Buffer.alloc(256)
  const facts = { type: 'text' as const, hash: 7, valueSize: 100, firstBlock: 3, expires: 9 }
  const chain = { previous: 1, next: 2, older: 1, newer: 2 }
  writeDumpRecord(bytes, 0, { key: Buffer.from('key'), ...facts, ...chain })
  return bytes
})()

const dump: FuzzTarget = {
  name: 'dump',
  seeds: [
    dumpRecord,
    encodeDictionary([
      ['items', '100'],
      ['blocksize', '64'],
      ['keysize', '32'],
      ['blocks', '100'],
    ]),
    Buffer.from('name\0undercroft'),
  ],
  share: 8,
  run(input) {
    const record = Buffer.alloc(dumpRecord.length)
    input.copy(record)
    const parsed = parseDumpRecord(record, GEOMETRY)
    if (typeof parsed === 'object') {
      const { firstBlock, valueSize, key } = parsed
      assert.ok(key.length > 0 && key.length <= GEOMETRY.keySize)
      assert.ok(firstBlock * GEOMETRY.blockSize + valueSize <= 8 * GEOMETRY.blockSize)
    }
    parseDumpRequest(input)
    const announced = parseDumpPairs(input)
    for (const number of Object.values(announced ?? {})) {
      assert.ok(typeof number !== 'number' || (Number.isSafeInteger(number) && number >= 0))
    }
  },
}

const reply: FuzzTarget = {
  name: 'reply',
  seeds: [
    magic({ status: 'ok', size: '3', ttl: '100', keep: '1' }, 'abc'),
    magic({ status: 'refused', reason: 'full', keep: '1' }),
    magic({ status: 'miss' }),
  ],
  tokens: ['status', 'size', '67108865', '-5', 'keep'],
  share: 10,
  run(input, random) {
    const reader = new ReplyReader(1000, 'server')
    allowing(['UNDERCROFT_PROTOCOL'], () => {
      for (const chunk of chunksOf(input, random)) {
        reader.push(chunk)
        for (let next = reader.next(); next !== undefined; next = reader.next()) {
          assert.ok((next.body?.length ?? 0) <= 1000)
        }
      }
    })
  },
}

const TYPES = ['bytes', 'uint8array', 'text', 'utf16', 'integer', 'bigint', 'json', 'structured']

const codecs: FuzzTarget = {
  name: 'codecs',
  seeds: ['{"a":[1,null,"x"]}', 'text', '12345678', '"\\ud800"', '[[[[]]]]', '\xff\x0f'].map(text =>
    Buffer.from(text, 'latin1'),
  ),
  share: 8,
  run(input, random) {
    const type = findTypeName(random.pick(TYPES))
    assert.ok(type !== undefined)
    const isTaken = sourceOf({ bytes: input, type }) !== undefined
    assert.ok(type !== 'structured' || !isTaken, "no value for V8's deserializer is accepted")
    // Every client can read what a server stores. What a server sends may be anything.
    if (isTaken) decodeFromNetwork(input, type)
    else {
      try {
        decodeFromNetwork(input, type)
      } catch (error) {
        const { code, name } = error as { code?: string; name?: string }
        const isAnswer = code?.startsWith('UNDERCROFT_') === true || name === 'SyntaxError'
        assert.ok(isAnswer, String(error))
      }
    }
  },
}

export const WIRE_TARGETS: readonly FuzzTarget[] = [
  stream,
  dictionary,
  request,
  datagram,
  dump,
  reply,
  codecs,
]
