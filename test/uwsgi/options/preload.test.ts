import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { loadOptions, resolveCaches } from '../../../src/uwsgi/options/index.ts'
import { fakeHostEnvironment } from '../../../testing/fake-host-environment.ts'
import { loadIni, resolveText } from './reading.ts'

const CACHES = ['cache2=name=a,items=5', 'cache2=name=b,items=5']

/** What each cache is filled with, in short, and the warnings. */
function fill(...options: string[]) {
  return summary(resolveText(...CACHES, ...options))
}

function summary({ caches, warnings }: ReturnType<typeof resolveText>) {
  const texts = caches.map(({ preloads }) =>
    preloads.map(each => {
      if (each.kind === 'item') return `${each.key}=${each.value}`
      return `${each.isGzipped ? 'gzip' : 'file'} ${each.path}`
    }),
  )
  return { a: texts[0], b: texts[1], warnings }
}

describe('add-cache-item', () => {
  test('is for the cache it names, and for every cache if it names none', () => {
    const { a, b, warnings } = fill('add-cache-item=b k=v', 'add-cache-item=all=1')
    assert.deepEqual([a, b, warnings], [['all=1'], ['k=v', 'all=1'], []])
  })

  test('may have = and spaces in its value; what is empty is for the cache to refuse', () => {
    const { a } = fill('add-cache-item=a k=x=y z', 'add-cache-item=a =v', 'add-cache-item=a k=')
    assert.deepEqual(a, ['k=x=y z', '=v', 'k='])
  })

  test('is warned about where it is for no cache, or has no =', () => {
    const { a, b, warnings } = fill('add-cache-item=v=one two', 'add-cache-item=c k=v')
    assert.deepEqual([a, b], [[], []])
    assert.match(warnings[0] ?? '', /there is no cache "v=one", so nothing is stored; write the/)
    assert.match(warnings[1] ?? '', /add-cache-item: there is no cache "c"/)
    assert.match(fill('add-cache-item=a word').warnings.join(), /add-cache-item: "word" has no "="/)
    assert.match(fill('add-cache-item=word').warnings.join(), /"word" has no "="/)
  })
})

describe('load-file-in-cache', () => {
  test('is addressed alike, and takes the path as it is written', () => {
    const { a, b } = fill('load-file-in-cache=b ../x  y.html', 'load-file-in-cache-gzip=/z')
    assert.deepEqual([a, b], [['gzip /z'], ['file ../x  y.html', 'gzip /z']])
  })

  test('comes before its gzip variant, and both before items, whatever the order', () => {
    const options = ['add-cache-item=k=v', 'load-file-in-cache-gzip=/z', 'load-file-in-cache=/f']
    assert.deepEqual(fill(...options).a, ['file /f', 'gzip /z', 'k=v'])
  })

  test('runs in for-glob, as in recipe R6 of the cookbook', () => {
    const ini = `[uwsgi]
cache2 = name=files,bitmap=1,items=1000,blocksize=10000,blocks=2000
cache2 = name=compressedfiles,bitmap=1,items=1000,blocksize=10000,blocks=2000
for-glob = /htdocs/*.html
load-file-in-cache = files %(_)
load-file-in-cache-gzip = compressedfiles %(_)
endfor =
`
    const files = { '/htdocs/b.html': '', '/htdocs/a.html': '', '/htdocs/c.css': '' }
    const { a, b, warnings } = summary(resolveCaches(loadIni(ini, files).options))
    assert.deepEqual(a, ['file /htdocs/a.html', 'file /htdocs/b.html'])
    assert.deepEqual(b, ['gzip /htdocs/a.html', 'gzip /htdocs/b.html'])
    assert.deepEqual(warnings, [])
  })

  test('is no reason to have a cache', () => {
    const given = [
      { name: 'load-file-in-cache', value: '/f', origin: { source: 'a.ini', line: 3 } },
    ]
    const { caches, warnings } = resolveCaches(loadOptions(given, fakeHostEnvironment()).options)
    assert.deepEqual(caches, [])
    assert.match(warnings.join(), /^a\.ini:3: load-file-in-cache: there is no cache, so/)
  })
})
