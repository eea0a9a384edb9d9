import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { REPLICATION } from '../../src/base/index.ts'
import { dump, load } from '../../src/dump/index.ts'
import { Cache } from '../../src/index.ts'
import { dumpOf, openCache } from './dumps.ts'

/** The lines of a dump, with its first and last line as they must be. */
function dumpOfLines(...lines: object[]): Buffer[] {
  const first = { undercroft: 'dump', version: 1, form: 'ndjson', cache: 'c', createdAtMs: 0 }
  const all = [first, ...lines, { end: true, items: lines.length }]
  return all.map(line => Buffer.from(`${JSON.stringify(line)}\n`))
}

/** The lines of a dump with one item, which has another field as JSON that no object makes. */
function chunksWith(field: string): Buffer[] {
  const [first, item, end] = dumpOfLines({ key: 'k', type: 'text', value: 'v' })
  return [first, Buffer.from(`${String(item).trim().slice(0, -1)},${field}}\n`), end]
}

describe('load', () => {
  test('does not store items that have ended', async () => {
    using to = openCache()
    const item = { key: 'k', type: 'text', value: 'v' }
    const report = await load(to, dumpOfLines({ ...item, expiresAtMs: 1 }))
    assert.deepEqual([report.expired, to.has('k')], [1, false])
  })

  test('counts what a full cache refuses', async () => {
    using from = openCache()
    using to = Cache.open({ name: 'full', maxItems: 3, eviction: 'none', memory: 'private' })
    for (let i = 0; i < 9; i++) from.set(`k${i}`, 'v')
    const report = await load(to, dump(from))
    assert.deepEqual([report.stored, report.refused], [3, 6])
  })

  test('reads a dump that a person wrote', async () => {
    using to = openCache()
    const lines = [
      { key: 'count', type: 'integer', value: '12' },
      { keyBase64: 'aw==', type: 'bytes', valueBase64: '/w==' },
    ]
    assert.equal((await load(to, dumpOfLines(...lines))).stored, 2)
    assert.equal(to.get('count'), 12)
    assert.deepEqual(to.get('k'), Buffer.from([255]))
  })

  const refused: readonly (readonly [what: string, chunks: Buffer[], code: string])[] = [
    ['another file', [Buffer.from('hello\n')], 'UNDERCROFT_DUMP_INVALID'],
    ['JSON of something else', [Buffer.from('{"key":"k"}\n')], 'UNDERCROFT_DUMP_INVALID'],
    ['an endless first line', [Buffer.alloc(5000, 'a')], 'UNDERCROFT_DUMP_INVALID'],
    [
      'a dump of a newer version',
      [Buffer.from('{"undercroft":"dump","version":2,"form":"ndjson"}\n')],
      'UNDERCROFT_VERSION_MISMATCH',
    ],
    [
      'another form',
      [Buffer.from('{"undercroft":"dump","version":1,"form":"xml"}\n')],
      'UNDERCROFT_DUMP_INVALID',
    ],
    [
      'a line that is not JSON',
      [...dumpOfLines().slice(0, 1), Buffer.from('{\n')],
      'UNDERCROFT_DUMP_INVALID',
    ],
    [
      'a field that is not known',
      dumpOfLines({ key: 'k', type: 'text', value: 'v', shared: true }),
      'UNDERCROFT_DUMP_INVALID',
    ],
    ['an item without a key', dumpOfLines({ type: 'text', value: 'v' }), 'UNDERCROFT_DUMP_INVALID'],
    [
      'a type that is not known',
      dumpOfLines({ key: 'k', type: 'set', value: 'v' }),
      'UNDERCROFT_DUMP_INVALID',
    ],
    [
      'a value of another type',
      dumpOfLines({ key: 'k', type: 'integer', value: 1.5 }),
      'UNDERCROFT_DUMP_INVALID',
    ],
    [
      'broken base64',
      dumpOfLines({ key: 'k', type: 'bytes', valueBase64: '?' }),
      'UNDERCROFT_DUMP_INVALID',
    ],
    [
      'an end that is not a time',
      dumpOfLines({ key: 'k', type: 'text', value: 'v', expiresAtMs: 'x' }),
      'UNDERCROFT_DUMP_INVALID',
    ],
    ['an end that no clock reaches', chunksWith('"expiresAtMs":1e999'), 'UNDERCROFT_DUMP_INVALID'],
    [
      'a stale time that no clock reaches',
      chunksWith('"freshUntilMs":1e999'),
      'UNDERCROFT_DUMP_INVALID',
    ],
    [
      'tags that are no list of strings',
      dumpOfLines({ key: 'k', type: 'text', value: 'v', tags: ['a', 7] }),
      'UNDERCROFT_DUMP_INVALID',
    ],
    [
      'a wrong number of items',
      [...dumpOfLines().slice(0, 1), Buffer.from('{"end":true,"items":1}\n')],
      'UNDERCROFT_DUMP_INVALID',
    ],
    ['bytes after the end', [...dumpOfLines(), Buffer.from('x')], 'UNDERCROFT_DUMP_INVALID'],
    ['an empty key', dumpOfLines({ key: '', type: 'text', value: 'v' }), 'UNDERCROFT_KEY_INVALID'],
  ]
  for (const [what, chunks, code] of refused) {
    test(`refuses ${what} with ${code}, and stores nothing of it`, async () => {
      using to = openCache()
      await assert.rejects(load(to, chunks), { code })
      assert.equal(to.stats().items, 0)
    })
  }

  test('reports each item to those who follow the cache, as a set does', async () => {
    using to = openCache()
    const changes: unknown[] = []
    to[REPLICATION].observe(change => changes.push(change))
    await load(to, dumpOfLines({ key: 'k', type: 'text', value: 'v', tags: ['a'] }))
    const change = { kind: 'set', key: Buffer.from('k'), value: Buffer.from('v'), type: 'text' }
    assert.deepEqual(changes, [{ ...change, expiresAtMs: 0 }])
  })

  test('stops at a value that is too large, and says how many it stored', async () => {
    using to = Cache.open({ name: 'small', maxItems: 2, blockSize: 64, memory: 'private' })
    const lines = ['v', 'v'.repeat(10_000)].map((value, i) => ({
      key: `k${i}`,
      type: 'text',
      value,
    }))
    await assert.rejects(load(to, dumpOfLines(...lines)), {
      code: 'UNDERCROFT_VALUE_TOO_LARGE',
      message: /stored so far: 1\)/,
    })
  })

  test('and dump refuse options that they do not know', async () => {
    using cache = openCache()
    const misspelt = { trust: true } as object
    await assert.rejects(load(cache, [], misspelt), { code: 'UNDERCROFT_OPTION_INVALID' })
    const form = { form: 'xml' } as object
    await assert.rejects(dumpOf(cache, form), { code: 'UNDERCROFT_OPTION_INVALID' })
  })
})
