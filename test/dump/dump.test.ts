import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RemoteCache } from '../../src/client/index.ts'
import { dump, load } from '../../src/dump/index.ts'
import { Cache } from '../../src/index.ts'
import { serveCaches } from '../../src/server/index.ts'
import { chunksOf, dumpOf, openCache } from './dumps.ts'

const FORMS = ['ndjson', 'binary'] as const

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
      await load(to, dump(from, { form }))
      assert.equal(to.getItem('ends')?.expiresAtMs, from.getItem('ends')?.expiresAtMs)
      assert.equal(to.getItem('stays')?.expiresAtMs, 0)
    })

    test('keeps tags, namespaces, pins, and the time for which an item may be stale', async () => {
      using from = openCache()
      using to = openCache()
      from.set('page', 'html', { tags: ['user:7', 'Grüße'], ttlMs: 60_000, staleMs: 3_600_000 })
      from.set('pinned', 'v', { pinned: true, ttlMs: 60_000 })
      from.set('plain', 'v')
      from
        .namespace('tenant')
        .namespace('4')
        .set('user', 'Ada', { tags: ['user:7'] })
      from.namespace('tenant').set('name', 'Acme')
      await load(to, dump(from, { form }))
      for (const key of ['page', 'pinned', 'plain', 'tenant:4:user', 'tenant:name']) {
        const { version: _, ...entry } = from.getEntry(key) ?? assert.fail(key)
        const { version: __, ...loaded } = to.getEntry(key) ?? assert.fail(key)
        assert.deepEqual(loaded, entry, key)
      }
      assert.equal(to.stats().pinned, 1)
      to.namespace('tenant').namespace('4').clear()
      assert.deepEqual([to.has('tenant:4:user'), to.has('tenant:name')], [false, true])
      to.deleteTag('Grüße', { soft: true })
      assert.deepEqual(
        [to.has('page'), to.getEntry('page', { stale: true })?.value],
        [false, 'html'],
      )
    })

    test('with tags is refused by a cache that takes none', async () => {
      using from = openCache()
      from.set('page', 'html', { tags: ['user:7'] })
      using to = Cache.open({ name: 'no-tags', maxItems: 9, maxTags: 0, memory: 'private' })
      await assert.rejects(load(to, dump(from, { form })), { code: 'UNDERCROFT_TAGS_INVALID' })
      assert.equal(to.size, 0)
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
