import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RemoteCache } from '../../src/client/index.ts'
import { type DumpOptions, dump, load } from '../../src/dump/index.ts'
import { Cache } from '../../src/index.ts'
import { serveCaches } from '../../src/server/index.ts'

const FORMS = ['ndjson', 'binary'] as const

let made = 0

function openCache(maxItems = 1000): Cache {
  return Cache.open({ name: `dump-${++made}`, maxItems, memory: 'private' })
}

async function dumpOf(cache: Cache, options?: DumpOptions): Promise<Buffer> {
  return Buffer.concat(await chunksOf(dump(cache, options)))
}

async function chunksOf(bytes: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const chunks: Buffer[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return chunks
}

/** The lines of a dump, with its first and last line as they must be. */
function dumpOfLines(...lines: object[]): Buffer[] {
  const first = { undercroft: 'dump', version: 1, form: 'ndjson', cache: 'c', createdAtMs: 0 }
  const all = [first, ...lines, { end: true, items: lines.length }]
  return all.map(line => Buffer.from(`${JSON.stringify(line)}\n`))
}

const VALUES: Readonly<Record<string, unknown>> = {
  ascii: 'text',
  'utf8 é': 'Grüße\n"',
  utf16: 'a\ud800',
  'no character': '',
  bytes: Buffer.from([0, 255, 10]),
  'bytes of text': Buffer.from('text'),
  uint8array: new Uint8Array([1, 2]),
  integer: -42,
  'large counter': 2n ** 63n - 1n,
  bigint: 7n,
  data: { name: 'Ada', list: [1, 2.5, null, true] },
  null: null,
}

for (const form of FORMS) {
  describe(`a dump (${form})`, () => {
    test('gives another cache the same items, with their types', async () => {
      using from = openCache()
      using to = openCache()
      for (const [key, value] of Object.entries(VALUES)) from.set(key, value)
      from.set(Buffer.from([0xff, 0x0a]), 'a key that is not text')
      const report = await load(to, dump(from, { form }))
      const size = Object.keys(VALUES).length + 1
      assert.deepEqual(report, { stored: size, expired: 0, refused: 0, unreadable: 0 })
      for (const key of Object.keys(VALUES)) {
        assert.deepEqual(to.get(key), from.get(key), key)
        assert.deepEqual(to.getItem(key), from.getItem(key), key)
      }
      assert.equal(to.get(Buffer.from([0xff, 0x0a])), 'a key that is not text')
    })

    test('keeps the bytes of JSON that another program wrote', async () => {
      using from = openCache()
      using to = openCache()
      const bytes = Buffer.from('{ "n": 12345678901234567890 }')
      from.setItem('k', { bytes, type: 'json' })
      await load(to, dump(from, { form }))
      assert.deepEqual(to.getItem('k')?.bytes, bytes)
    })

    test('keeps the end of each item', async () => {
      using from = openCache()
      using to = openCache()
      from.set('ends', 'v', { ttlMs: 3_600_000 })
      from.set('stays', 'v')
      const startedAtMs = Date.now()
      await load(to, dump(from, { form }))
      const wanted = from.getItem('ends')?.expiresAtMs ?? 0
      const found = to.getItem('ends')?.expiresAtMs ?? 0
      // The clock may proceed between the moment that `load` reads and the moment of the set.
      assert.ok(found >= wanted && found <= wanted + Date.now() - startedAtMs, `${found - wanted}`)
      assert.equal(to.getItem('stays')?.expiresAtMs, 0)
    })

    test('overwrites items of the same keys, and leaves others alone', async () => {
      using from = openCache()
      using to = openCache()
      from.set('a', 'new')
      to.set('a', 'old')
      to.set('b', 'other')
      await load(to, dump(from, { form }))
      assert.deepEqual([to.get('a'), to.get('b')], ['new', 'other'])
    })

    test('has values of V8, which are loaded only from a trusted source', async () => {
      using from = openCache()
      using to = openCache()
      from.set('k', new Map([['a', new Date(0)]]))
      const first = await load(to, dump(from, { form }))
      assert.deepEqual([first.stored, first.unreadable, to.has('k')], [0, 1, false])
      const second = await load(to, dump(from, { form }), { trusted: true })
      assert.deepEqual([second.stored, second.unreadable], [1, 0])
      assert.deepEqual(to.get('k'), from.get('k'))
    })

    test('has values of a codec, for a cache that is opened with it', async () => {
      const codec = {
        encode: (value: unknown) => Buffer.from(JSON.stringify(value)),
        decode: (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()),
      }
      const open = (name: string) => Cache.open({ name, maxItems: 9, memory: 'private', codec })
      using from = open('codec-from')
      using to = open('codec-to')
      from.set('k', { a: 1 })
      await load(to, dump(from, { form }), { trusted: true })
      assert.deepEqual(to.get('k'), { a: 1 })
    })

    test('that is cut short anywhere fails, and what came before is stored', async () => {
      using from = openCache()
      for (let i = 0; i < 5; i++) from.set(`k${i}`, `value ${i}`)
      const whole = await dumpOf(from, { form })
      for (let size = 0; size < whole.length; size++) {
        using to = openCache()
        const failed = load(to, [whole.subarray(0, size)])
        await assert.rejects(failed, { code: 'UNDERCROFT_TRUNCATED' })
        const { items } = to.stats()
        await assert.rejects(failed, new RegExp(`stored so far: ${items}\\)`))
        assert.ok(to.verify().ok)
      }
      using last = openCache()
      assert.equal((await load(last, [whole])).stored, 5)
    })

    test('may arrive in chunks of any size', async () => {
      using from = openCache()
      using to = openCache()
      for (const [key, value] of Object.entries(VALUES)) from.set(key, value)
      const whole = await dumpOf(from, { form })
      await load(
        to,
        Array.from(whole, byte => Uint8Array.of(byte)),
      )
      for (const key of Object.keys(VALUES)) assert.deepEqual(to.get(key), from.get(key), key)
    })

    test('with random damage is loaded or refused with a code, never more', async () => {
      using from = openCache()
      for (const [key, value] of Object.entries(VALUES)) from.set(key, value)
      const whole = await dumpOf(from, { form })
      for (let at = 0; at < whole.length; at++) {
        using to = openCache()
        const damaged = Buffer.from(whole)
        damaged[at] = (damaged[at] ?? 0) ^ 0x15
        try {
          await load(to, [damaged], { trusted: true })
        } catch (error) {
          assert.match(String((error as { code?: unknown }).code), /^UNDERCROFT_/, String(error))
        }
        assert.ok(to.verify().ok)
      }
    })

    test('reports its progress, and other work gets its turn', async () => {
      using from = openCache()
      using to = openCache()
      for (let i = 0; i < 500; i++) from.set(`k${i}`, 'v'.repeat(1000))
      let turns = 0
      const timer = setInterval(() => turns++, 0)
      const seen: number[] = []
      const onProgress = ({ items }: { items: number }) => seen.push(items)
      const chunks = await chunksOf(dump(from, { form, onProgress }))
      assert.equal(seen.at(-1), 500)
      assert.ok(new Set(seen).size > 3, String(seen))
      await load(to, chunks, { onProgress: ({ items }) => seen.push(items) })
      clearInterval(timer)
      assert.equal(seen.at(-1), 500)
      assert.ok(turns > 1, `${turns} turns`)
    })

    test('passes between a local and a remote cache', async t => {
      using from = openCache()
      using to = openCache()
      const server = await serveCaches([from, to] as Cache<Uint8Array>[], {
        listen: { address: '127.0.0.1:0' },
      })
      t.after(() => server.close())
      const [address] = server.addresses
      await using remoteFrom = await RemoteCache.connect(`${from.name}@${address}`)
      await using remoteTo = await RemoteCache.connect(`${to.name}@${address}`)
      for (let i = 0; i < 200; i++) from.set(`k${i}`, { i })
      from.set('date', new Date(0))
      const report = await load(remoteTo, dump(remoteFrom, { form }))
      assert.deepEqual([report.stored, report.unreadable], [200, 1])
      assert.deepEqual(to.get('k150'), { i: 150 })
    })
  })
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

  test('stops at a value that is too large for the cache, and says how many it stored', async () => {
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
