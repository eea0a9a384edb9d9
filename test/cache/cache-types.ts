/**
 * The types of a cache by its keys, checked by the compiler: nothing here is ever called.
 */

import { Cache, type CacheOptions, type KeyedCache, type StandardSchema } from '../../src/index.ts'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only when both types are the same; called as `same<A, B>(true)`. */
function same<A, B>(_isSame: Same<A, B>): void {}

interface User {
  readonly name: string
}

type Keys = {
  [key: `user:${string}`]: User
  [key: `count:${string}`]: number
  config: { readonly dark: boolean }
}

export async function theKeyDecidesTheValue(id: string): Promise<void> {
  const cache = Cache.open<Keys>({ name: 'typed', maxItems: 10 })
  same<typeof cache, KeyedCache<Keys>>(true)
  const user = cache.get(`user:${id}`)
  same<typeof user, User | undefined>(true)
  const count = cache.get('count:visits')
  same<typeof count, number | undefined>(true)
  const config = cache.get('config')
  same<typeof config, { readonly dark: boolean } | undefined>(true)
  const users = cache.getMany(['user:1', 'user:2'])
  same<typeof users, (User | undefined)[]>(true)
  cache.set('user:1', { name: 'Ada' }, { ttlMs: undefined })
  // @ts-expect-error a user is not a number
  cache.set('user:1', 5)
  // @ts-expect-error no pattern has this key
  cache.set('usr:1', { name: 'Ada' })
  // @ts-expect-error no pattern has this key
  cache.get('usr:1')
  const loaded = await cache.getOrSet('user:1', () => ({ name: 'Ada' }))
  same<typeof loaded, User>(true)
  cache.increment('count:visits')
  // @ts-expect-error a user is not a counter
  cache.increment('user:1')
  cache.clear()
}

export function otherTypesAreThoseOfAllValues<V>(options: CacheOptions<V>, value: V): Cache<V> {
  const users = Cache.open<User>({ name: 'users', maxItems: 10 })
  same<typeof users, Cache<User>>(true)
  const records = Cache.open<Record<string, number>>({ name: 'records' })
  same<typeof records, Cache<Record<string, number>>>(true)
  const anything = Cache.open({ name: 'anything' })
  same<typeof anything, Cache<unknown>>(true)
  const cache = Cache.open<V>(options)
  cache.set('key', value)
  return cache
}

export function aSchemaOrACodecGivesTheType(schema: StandardSchema<User>): void {
  const checked = Cache.open({ name: 'checked', schema })
  same<typeof checked, Cache<User>>(true)
  const encoded = Cache.open({
    name: 'encoded',
    codec: {
      encode: (user: User) => user.name,
      decode: (bytes): User => ({ name: bytes.toString() }),
    },
  })
  same<typeof encoded, Cache<User>>(true)
}

export function optionsMayBeUndefined(given: { ttlMs?: number; blockSize?: number }): void {
  Cache.open({ name: 'given', ttlMs: given.ttlMs, blockSize: given.blockSize, near: undefined })
}
