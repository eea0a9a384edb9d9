/**
 * The types of uWSGI's functions, checked by the compiler: nothing here is ever called.
 */

import { cache } from '../../../src/auto.ts'
import { RemoteCache } from '../../../src/client/index.ts'
import {
  cache_clear,
  cache_get,
  cache_inc,
  cache_keys,
  cache_num,
  cache_set,
  opt,
} from '../../../src/uwsgi/index.ts'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only when both types are the same; called as `same<A, B>(true)`. */
function same<A, B>(_isSame: Same<A, B>): void {}

export async function localCachesAnswerAtOnce(local: 'sessions' | 'pages'): Promise<void> {
  const value = cache_get('k')
  same<typeof value, Buffer | null>(true)
  const named = cache_get('k', 'sessions')
  same<typeof named, Buffer | null>(true)
  const either = cache_get('k', local)
  same<typeof either, Buffer | null>(true)
  const stored = cache_set('k', 'v', 60, 'sessions')
  same<typeof stored, true | null>(true)
  const number = cache_num('k', undefined)
  same<typeof number, number | bigint>(true)
  const cleared = cache_clear('sessions')
  same<typeof cleared, true | null>(true)
  const keys = cache_keys('sessions')
  same<typeof keys, Buffer[]>(true)
}

export function remoteCachesGivePromises(host: string, port: number): void {
  const value = cache_get('k', 'sessions@127.0.0.1:3031')
  same<typeof value, Promise<Buffer | null>>(true)
  const unix = cache_get('k', '@/run/app/cache.sock')
  same<typeof unix, Promise<Buffer | null>>(true)
  const built = cache_inc('k', 1n, 0, `sessions@${host}:${port}`)
  same<typeof built, Promise<true | null>>(true)
  // @ts-expect-error a promise has no length
  value.length
}

export function aNameKnownOnlyLaterGivesEither(name: string, tenant: string): void {
  const value = cache_get('k', name)
  same<typeof value, Buffer | null | Promise<Buffer | null>>(true)
  const pattern = cache_get('k', `tenant-${tenant}`)
  same<typeof pattern, Buffer | null | Promise<Buffer | null>>(true)
  const maybe = cache_get('k', name === '' ? undefined : 'x@h:1')
  same<typeof maybe, Buffer | null | Promise<Buffer | null>>(true)
  // @ts-expect-error it may be a promise
  value?.subarray(0)
}

export function wrongArgumentsAreRefused(): void {
  // @ts-expect-error a value is text or bytes
  cache_set('k', { object: true })
  // @ts-expect-error a key is text or bytes
  cache_get(5)
  // @ts-expect-error the third argument is seconds
  cache_set('k', 'v', 'sessions')
  // @ts-expect-error options cannot be changed
  opt.socket = Buffer.from('x')
}

export async function remoteValuesHaveTheirType(remote: RemoteCache<{ name: string }>) {
  const value = await remote.get('k')
  same<typeof value, { name: string } | undefined>(true)
  const connected = await RemoteCache.connect<number>('@h:1')
  same<typeof connected, RemoteCache<number>>(true)
  const sum = await connected.increment('k', 1n)
  same<typeof sum, bigint | undefined>(true)
  // @ts-expect-error the value is of another type
  await remote.set('k', 'text')
  const kept = cache.get('k')
  same<typeof kept, unknown>(true)
}
