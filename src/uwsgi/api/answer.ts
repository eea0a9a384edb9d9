/**
 * The types of answers: a promise where the cache is remote, which its name tells.
 */

/** The name of a local cache, or `name@address`. */
export type CacheArgument = string | undefined

/**
 * `T` from a local cache, a promise of it from a remote one, either of the two when the name is
 * known only at run time.
 */
export type CacheResult<C extends CacheArgument, T> = C extends string
  ? C extends `${string}@${string}`
    ? Promise<T>
    : IsPattern<C> extends true
      ? T | Promise<T>
      : T
  : T

/** `string` itself, and patterns such as `cache-${number}`, which may have an `@` or not. */
type IsPattern<C extends string> = Record<never, never> extends Record<C, 1> ? true : false
