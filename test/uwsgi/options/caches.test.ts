import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { refusal, resolveOne, resolveText } from './reading.ts'

describe('a cache2 definition', () => {
  test('of the Python article gives 19 items, 20 blocks, keys of 60 bytes, and bitmap', () => {
    const cache = resolveOne('name=default,items=20,blocksize=65536,keysize=60,bitmap=1')
    assert.equal(cache.name, 'default')
    assert.equal(cache.maxItems, 19)
    assert.equal(cache.blocks, 20)
    assert.equal(cache.maxKeySize, 60)
    assert.equal(cache.bitmap, true)
    assert.equal(cache.blockSize * (cache.blocks ?? 0), 1_310_720)
    assert.equal(cache.eviction, 'none')
  })

  test('with purge_lru=0 evicts all the same, and a warning says so', () => {
    const { caches, warnings } = resolveText('cache2=name=a,items=5,purge_lru=0')
    assert.equal(caches[0]?.eviction, 'lru')
    assert.match(warnings.join(), /purge_lru=0 switches purge_lru ON/)
  })

  test('warns of a flag said to be 0, false, no or off, and of no other value', () => {
    for (const value of ['0', 'false', 'NO', 'Off']) {
      assert.equal(resolveText(`cache2=name=a,items=5,bitmap=${value}`).warnings.length, 1)
    }
    for (const value of ['1', '', 'yes']) {
      const { caches, warnings } = resolveText(`cache2=name=a,items=5,bitmap=${value}`)
      assert.deepEqual([caches[0]?.bitmap, warnings.length], [true, 0])
    }
  })

  test('takes the name of a flag alone as on, and a warning says that uWSGI does not', () => {
    const { caches, warnings } = resolveText('cache2=name=a,items=5,purge_lru')
    assert.equal(caches[0]?.eviction, 'lru')
    assert.match(warnings.join(), /purge_lru is ON; uWSGI ignores it without =/)
  })

  test('with keys beyond buffer-size warns that they cannot come over the network', () => {
    const { warnings } = resolveText('cache2=name=a,items=5,keysize=8192')
    assert.match(
      warnings.join(),
      /keysize=8192 exceeds buffer-size \(4096\).*write buffer-size = 8704/,
    )
    const wide = ['cache2=name=a,items=5,keysize=8192', 'buffer-size=8704']
    assert.deepEqual(resolveText(...wide).warnings, [])
  })

  test('has the defaults of uWSGI, but a seeded hash', () => {
    assert.deepEqual(resolveOne('name=a,items=5'), {
      name: 'a',
      maxItems: 4,
      blockSize: 65536,
      bitmap: false,
      maxKeySize: 2048,
      hash: 'seeded',
      eviction: 'none',
      flushSeconds: 0,
      storeDelete: false,
      nodes: [],
      udpServers: [],
      udpAllow: [],
      allowPublic: false,
      sync: [],
      lastModified: false,
      mathInitial: 0n,
      ignoreFull: false,
      keep: false,
      shared: false,
      events: 0,
      noExpire: false,
      sweepSeconds: 3,
      reportFreed: false,
      cycleSeconds: 1,
      preloads: [],
    })
  })

  test('can say everything uWSGI knows, under each name uWSGI has for it', () => {
    const cache = resolveOne(
      'name=a,max_items=9,blocksize=32,blocks=12,hash=murmur2,hash_size=1000,key_size=16,' +
        'bitmap=1,store=/s,storesync=2,storedelete=1,nodes=a:1;b:2,' +
        'udpserver=c:3,sync=d:4,lastmod=1,math_initial=-5,ignore_full=1,' +
        'lru=1,lazy=1,sweep_on_full=7,clear_on_full=1,no_expire=1',
    )
    assert.deepEqual(cache, {
      name: 'a',
      maxItems: 8,
      blockSize: 32,
      blocks: 12,
      bitmap: true,
      maxKeySize: 16,
      hash: 'murmur2',
      eviction: 'clear',
      store: '/s',
      flushSeconds: 2,
      storeDelete: true,
      nodes: ['a:1', 'b:2'],
      udpServers: ['c:3'],
      udpAllow: [],
      allowPublic: false,
      sync: ['d:4'],
      lastModified: true,
      mathInitial: -5n,
      ignoreFull: true,
      keep: false,
      shared: false,
      events: 0,
      noExpire: true,
      sweepSeconds: 3,
      reportFreed: false,
      cycleSeconds: 1,
      preloads: [],
    })
  })

  test('takes the pause of the sweeper and cache-no-expire from the instance', () => {
    const first = (option: string) => resolveText('cache2=name=a,items=5', option).caches[0]
    assert.equal(first('cache-expire-freq=9')?.sweepSeconds, 9)
    assert.equal(first('cache-expire-freq=0')?.sweepSeconds, 3)
    assert.equal(first('cache-no-expire=true')?.noExpire, true)
    assert.equal(first('cache-report-freed-items=true')?.reportFreed, true)
  })

  test('clears when full with clear_on_full, also beside purge_lru', () => {
    const facts = (text: string) => {
      const { eviction, noExpire } = resolveOne(`name=a,items=5,${text}`)
      return [eviction, noExpire]
    }
    assert.deepEqual(facts('clear_on_full=1'), ['clear', false])
    assert.deepEqual(facts('clear_on_full=1,purge_lru=1'), ['clear', true])
    assert.deepEqual(facts('purge_lru=1'), ['lru', true])
    assert.deepEqual(facts('sweep_on_full=5'), ['none', false])
  })

  test('takes the spelling max-items and blanks after commas', () => {
    assert.equal(resolveOne('name=a, max-items=5').maxItems, 4)
  })

  test('uses the last of a repeated name, aliases included', () => {
    assert.equal(resolveOne('name=a,items=5,maxitems=9').maxItems, 8)
  })

  test('says which of its names have no meaning here', () => {
    const { warnings } = resolveText('cache2=name=a,items=5,lazy=1')
    assert.match(warnings.join(), /cache2: lazy_expire has no meaning here/)
  })

  test('says that blocks without bitmap does nothing', () => {
    const { caches, warnings } = resolveText('cache2=name=a,items=5,blocks=9')
    assert.equal(caches[0]?.blocks, undefined)
    assert.match(warnings.join(), /blocks has an effect only with bitmap/)
  })

  const refusals: [string, string, RegExp][] = [
    ['no name', 'items=5', /cache2: name must be 1 to 64 .*got undefined/],
    ['an empty name', 'name=,items=5', /name must be a string that is not empty/],
    ['an @ in the name', 'name=a@b,items=5', /name must be 1 to 64 .*got "a@b"/],
    ['a name with a dot first', 'name=.a,items=5', /do not begin with a dot/],
    ['a name of 65 characters', `name=${'a'.repeat(65)},items=5`, /1 to 64/],
    ['no items', 'name=a', /items must be given/],
    ['one item, which would hold nothing', 'name=a,items=1', /from 2 to .*got "1"/],
    ['a number with a letter', 'name=a,items=1k', /items must be a whole number .*got "1k"/],
    ['a word for a number', 'name=a,items=abc', /items must be a whole number .*got "abc"/],
    ['a negative number', 'name=a,items=-1', /got "-1"/],
    ['a block size of 0', 'name=a,items=5,blocksize=0', /blocksize must be/],
    ['keys of 65536 bytes', 'name=a,items=5,keysize=65536', /keysize must be .*1 to 65535/],
    [
      'fewer blocks than items',
      'name=a,items=5,blocks=4,bitmap=1',
      /blocks must be at least items/,
    ],
    ['a hash that finds nothing', 'name=a,items=5,hash=random', /one of djb33x, murmur2/],
    ['a UDP address without a port', 'name=a,items=5,node=host', /node must be addresses/],
    ['a name without =', 'name=a,items=5,store', /needs a value: store=/],
    ['a start value beyond 64 bits', `name=a,items=5,math_initial=${2n ** 63n}`, /math_initial/],
  ]
  for (const [what, text, message] of refusals) {
    test(`is refused with ${what}`, () => assert.throws(() => resolveOne(text), refusal(message)))
  }

  test('with an unknown name is refused, and the nearest known one suggested', () => {
    assert.throws(
      () => resolveOne('name=a,items=5,blocksiz=9'),
      refusal(/has no name "blocksiz"; did you mean "blocksize"\?/),
    )
  })

  test('cannot reuse the name of another cache', () => {
    assert.throws(
      () => resolveText('cache2=name=a,items=5', 'cache2=name=a,items=6'),
      refusal(/a cache called "a" is already defined/),
    )
  })
})

describe('the old-style cache options', () => {
  test('--cache 1000 of the web caching page gives 999 items and keys of 2048 bytes', () => {
    const [cache] = resolveText('cache=1000').caches
    assert.deepEqual(
      [cache?.name, cache?.maxItems, cache?.maxKeySize, cache?.blockSize],
      ['default', 999, 2048, 65536],
    )
  })

  test('make the cache that comes first, whatever the order', () => {
    const { caches } = resolveText('cache2=name=b,items=5', 'cache=5')
    assert.deepEqual(
      caches.map(cache => cache.name),
      ['default', 'b'],
    )
  })

  test('fill in its store, its block size and its peers', () => {
    const [cache] = resolveText(
      'cache=5',
      'cache-blocksize=100',
      'cache-store=/s',
      'cache-store-sync=4',
      'cache-udp-server=a:1',
      'cache-udp-node=b:2',
      'cache-udp-node=c:3',
      'cache-sync=d:4',
      'cache-use-last-modified=1',
    ).caches
    assert.deepEqual(
      [cache?.blockSize, cache?.store, cache?.flushSeconds, cache?.lastModified],
      [100, '/s', 4, true],
    )
    assert.deepEqual(
      [cache?.udpServers, cache?.nodes, cache?.sync],
      [['a:1'], ['b:2', 'c:3'], ['d:4']],
    )
  })

  test('cache-store-sync is the default of every cache2, in cycles of check-interval', () => {
    const own = 'cache2=name=b,items=5,storesync=9'
    const seconds = (...more: string[]) =>
      resolveText('cache-store-sync=4', 'cache2=name=a,items=5', own, ...more).caches.map(
        ({ flushSeconds }) => flushSeconds,
      )
    assert.deepEqual(seconds(), [4, 9])
    assert.deepEqual(seconds('check-interval=10'), [40, 90])
    assert.equal(resolveText(own, 'check-interval=7').caches[0]?.cycleSeconds, 7)
  })

  test('make no cache with cache = 0, and refuse 1 and what is no number', () => {
    assert.deepEqual(resolveText('cache=0').caches, [])
    assert.throws(() => resolveText('cache=1'), refusal(/one place always stays empty/))
    assert.throws(() => resolveText('cache=many'), refusal(/cache must be a whole number/))
  })

  test('cannot make a second cache called default', () => {
    assert.throws(
      () => resolveText('cache=5', 'cache2=name=default,items=5'),
      refusal(/a cache called "default" is already defined/),
    )
  })
})
