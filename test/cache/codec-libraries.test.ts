/** The codecs of the guide to values keep what they claim to keep. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as devalue from 'devalue'
import { Packr } from 'msgpackr'
import superjson from 'superjson'
import { Cache, type Codec } from '../../src/index.ts'

const packr = new Packr({ moreTypes: true, structuredClone: true })
const repeated = { name: 'Ada' }
const VALUES: readonly unknown[] = [
  'text 世',
  5,
  null,
  [1, 'a', true],
  { at: new Date(0), map: new Map([['k', new Set([1])]]) },
  { first: repeated, second: repeated },
]

const CODECS: readonly (readonly [string, Codec])[] = [
  ['msgpackr', { encode: value => packr.pack(value), decode: bytes => packr.unpack(bytes) }],
  [
    'devalue',
    {
      encode: value => devalue.stringify(value),
      decode: bytes => devalue.parse(bytes.toString()),
    },
  ],
  [
    'superjson',
    {
      encode: value => superjson.stringify(value),
      decode: bytes => superjson.parse(bytes.toString()),
    },
  ],
]

for (const [name, codec] of CODECS) {
  test(`${name} as a codec returns values as they were set`, () => {
    using cache = Cache.open({ name: `by-${name}`, maxItems: 10, memory: 'private', codec })
    for (const value of VALUES) {
      cache.set('k', value)
      assert.deepStrictEqual(cache.get('k'), value)
      assert.equal(cache.getItem('k')?.type, 'custom')
    }
  })
}
