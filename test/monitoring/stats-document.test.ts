/**
 * The document byte by byte: what uWSGI 2.0.21 sent, and names that break uWSGI's own.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CacheStats } from '../../src/base/index.ts'
import { formatMetrics, METRICS, prometheusName } from '../../src/metrics/index.ts'
import {
  formatDocument,
  makeDocument,
  workerOfProcess,
} from '../../src/monitoring/stats-document.ts'
import type { StatsFacts } from '../../src/monitoring/stats-facts.ts'
import { fakeSource, parseMetrics } from './stats-reading.ts'

const EMPTY = { items: 0, hits: 0, misses: 0, full: 0 }
const DEFAULT: Partial<CacheStats> = {
  ...EMPTY,
  hash: 'djb33x',
  maxKeySize: 60,
  maxItems: 19,
  blocks: 20,
  bitmap: true,
}
const TWO: Partial<CacheStats> = {
  ...EMPTY,
  maxItems: 4,
  blocks: 4,
  items: 1,
  hits: 1,
  lastModifiedAtMs: 1_795_291_558_999,
}

function factsOf(caches: readonly CacheStats[]): StatsFacts {
  const process = { pid: 7, uid: 1, gid: 2, cwd: '/srv', rss: 4096, startedAtMs: 1_795_299_421_900 }
  return {
    version: '9.8.7',
    process,
    caches,
    uwsgiItemCount: true,
    sockets: [{ address: '127.0.0.1:3031', protocol: 'uwsgi' }],
    workers: [workerOfProcess(process)],
  }
}

describe('the document', () => {
  test('has the caches as uWSGI sends them, member by member', () => {
    const caches = [fakeSource('default', DEFAULT).stats(), fakeSource('two', TWO).stats()]
    const document = makeDocument(factsOf(caches))
    assert.equal(
      formatDocument(document.caches ?? [], true),
      '[{"name":"default","hash":"djb33x","hashsize":65536,"keysize":60,"max_items":20,' +
        '"blocks":20,"blocksize":65536,"items":0,"hits":0,"miss":0,"full":0,' +
        '"last_modified_at":0},' +
        '{"name":"two","hash":"murmur2","hashsize":65536,"keysize":2048,"max_items":5,' +
        '"blocks":5,"blocksize":65536,"items":1,"hits":1,"miss":0,"full":0,' +
        '"last_modified_at":1795291558}]',
    )
  })

  test('is laid out with tabs, a member a line, as uWSGI does', () => {
    const stats = fakeSource('two', TWO).stats()
    const text = formatDocument(makeDocument(factsOf([stats])), false)
    assert.ok(text.startsWith('{\n\t"version":"9.8.7",\n\t"listen_queue":0,\n'))
    assert.ok(text.includes('\n\t"locks":[\n\t\t{\n\t\t\t"user 0":0\n\t\t},\n\t\t{\n'))
    assert.ok(
      text.includes('\n\t"caches":[\n\t\t{\n\t\t\t"name":"two",\n\t\t\t"hash":"murmur2",\n'),
    )
    assert.ok(text.includes('\n\t\t\t"apps":[\n\n\t\t\t],\n\t\t\t"cores":[\n\t\t\t\t{\n'))
  })

  test('has all top members in order, caches only if there are some, ours at the end', () => {
    const names = Object.keys(makeDocument(factsOf([])))
    assert.deepEqual(names, [
      ...['version', 'listen_queue', 'listen_queue_errors', 'signal_queue', 'load', 'pid', 'uid'],
      ...['gid', 'cwd', 'locks', 'sockets', 'workers', 'undercroft'],
    ])
    const stats = fakeSource('two').stats()
    const { undercroft } = makeDocument(factsOf([stats]))
    assert.deepEqual(undercroft, { caches: [stats] })
  })

  test('tells what is known of the process, and 0 for the rest', () => {
    const { workers, sockets, uid } = makeDocument(factsOf([])) as Record<string, unknown[]>
    const [worker] = workers as Record<string, unknown>[]
    assert.deepEqual(
      [worker?.pid, worker?.rss, worker?.last_spawn, worker?.requests, uid],
      [7, 4096, 1_795_299_421, 0, 1],
    )
    assert.deepEqual(sockets?.[0], {
      ...{ name: '127.0.0.1:3031', proto: 'uwsgi', queue: 0, max_queue: 511 },
      ...{ shared: 0, can_offload: 0 },
    })
  })

  test('counts evictions as uWSGI counts full', () => {
    const stats = fakeSource('lru', { eviction: 'lru', evicted: 40, full: 2 }).stats()
    const { caches } = makeDocument(factsOf([stats])) as Record<string, { full: number }[]>
    assert.equal(caches?.[0]?.full, 42)
  })

  test('tells maxItems as it is unless uWSGI’s way of counting was asked for', () => {
    const facts = { ...factsOf([fakeSource('a').stats()]), uwsgiItemCount: false }
    const { caches } = makeDocument(facts) as Record<string, Record<string, number>[]>
    assert.deepEqual([caches?.[0]?.max_items, caches?.[0]?.blocks], [4, 4])
  })
})

describe('a name with quotes, backslashes and line ends', () => {
  const name = 'a"b\\c\nd\\n\u0007é\ud800'
  const stats = fakeSource(name).stats()

  for (const isMinified of [true, false]) {
    test(`leaves the JSON valid, ${isMinified ? 'minified' : 'laid out'}`, () => {
      const document = JSON.parse(formatDocument(makeDocument(factsOf([stats])), isMinified))
      assert.equal(document.caches[0].name, name)
      assert.ok(`cache_${name}` in document.locks.at(-1))
    })
  }

  test('leaves the metrics valid, and comes out of them as it was', () => {
    const samples = parseMetrics(formatMetrics([stats]))
    const names = new Set(samples.map(({ metric }) => metric.replace(/_(bucket|sum|count)$/, '')))
    assert.deepEqual([...names], METRICS.map(prometheusName))
    for (const { cache } of samples) assert.equal(cache, name)
  })
})
