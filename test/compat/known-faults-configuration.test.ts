/**
 * Faults of uWSGI's cache options, and what happens here instead.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatDocument, makeDocument } from '../../src/monitoring/stats-document.ts'
import { preloadCache } from '../../src/runner/caches/preload-cache.ts'
import { CACHE2_TABLE, requireRow } from '../../src/uwsgi/options/index.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'
import { FakeCache } from '../cli/fake-cache.ts'
import { fakeSource } from '../monitoring/stats-reading.ts'
import { readText } from '../tidy/sources.ts'
import { refusal, resolveOne, resolveText } from '../uwsgi/options/reading.ts'

describe('F32: a flag that is said to be off', () => {
  for (const flag of ['bitmap', 'purge_lru', 'no_expire', 'lastmod', 'clear_on_full']) {
    for (const value of ['0', 'false', 'no', 'off']) {
      test(`is on, and a warning says so: ${flag}=${value}`, () => {
        const on = resolveOne(`name=a,items=5,${flag}=1`)
        const { caches, warnings } = resolveText(`cache2=name=a,items=5,${flag}=${value}`)
        assert.deepEqual(caches, [on])
        assert.deepEqual(warnings, [
          `command line: cache2: ${flag}=${value} switches ${flag} ON, as in uWSGI; ` +
            'remove it to switch it off',
        ])
      })
    }
  }
})

test('F33: max-items and blanks are understood, unknown names and duplicates refused', () => {
  assert.deepEqual(resolveOne('name=a, max-items=5'), resolveOne('name=a,items=5'))
  assert.throws(() => resolveOne('name=a,items=5,keysiz=3'), refusal(/did you mean "keysize"/))
  assert.throws(
    () => resolveText('cache2=name=a,items=5', 'cache2=name=a,items=9'),
    refusal(/a cache called "a" is already defined/),
  )
})

describe('F40: what is put into a cache at start', () => {
  test('goes into every cache without a name, and each says so', async () => {
    const { caches } = resolveText(
      ...['cache2=name=a,items=5', 'cache2=name=b,items=5'],
      ...['add-cache-item=k=v', 'load-file-in-cache-gzip=/does/not/exist'],
    )
    const log: string[] = []
    for (const definition of caches) {
      await preloadCache(new FakeCache(definition.name), definition, line => log.push(line))
    }
    const [missing, stored] = [/cannot read "\/does\/not\/exist", so cache/, /stored "k" in/]
    assert.deepEqual([log[0]?.match(missing)?.length, log[1]?.match(stored)?.length], [1, 1])
    assert.deepEqual([log[2]?.match(missing)?.length, log[3]?.match(stored)?.length], [1, 1])
  })

  test('and has a blank but no name is not dropped in silence', () => {
    const { warnings } = resolveText('cache2=name=a,items=5', 'add-cache-item=v=one two')
    assert.match(warnings.join(), /add-cache-item: there is no cache "v=one", so nothing is stored/)
  })
})

test('F53: names are escaped in the statistics, and no cache can have such a name', () => {
  const name = 'a"b\\c\n'
  const process = { pid: 1, uid: 1, gid: 1, cwd: name, rss: 1, startedAtMs: 1 }
  const caches = [fakeSource(name).stats()]
  const facts = { version: '1', process, caches, uwsgiItemCount: true, sockets: [], workers: [] }
  const document = JSON.parse(formatDocument(makeDocument(facts), false))
  assert.deepEqual([document.caches[0].name, document.cwd], [name, name])
  assert.throws(() => resolveOne('name=a"b,items=5'), refusal(/name must be 1 to 64/))
})

describe('F62: the documents say what is so', () => {
  const page = readText('docs/guide/coming-from-uwsgi.md')
  const lineOf = (option: string) => new RegExp(`^\\| \`${option}\`.*$`, 'm').exec(page)?.[0] ?? ''

  test('a value may have all bytes of a block, 65536 by default', () => {
    assert.equal(resolveOne('name=a,items=5').blockSize, 65_536)
    assert.equal(openTestCache({ blocksize: '65536' }).set('k', Buffer.alloc(65_536)), true)
    assert.match(lineOf('blocksize'), /65536 with the default; the manual says 65535/)
  })

  test('hashsize counts buckets', () => {
    assert.equal(requireRow(CACHE2_TABLE, 'hashsize').unit, 'buckets')
    assert.match(lineOf('hashsize'), /buckets \(not bytes, as the manual says\)/)
  })

  test('store_sync counts cycles of the master', () => {
    assert.equal(requireRow(CACHE2_TABLE, 'store_sync').unit, 'master cycles')
    assert.match(lineOf('store_sync'), /in cycles of the master.*the manual says seconds/)
  })

  test('cache_set stores where an item has expired', () => {
    assert.match(lineOf('cache_set\\(.*?\\)'), /an expired item does not stand in the way/)
  })
})
