/**
 * A request as the cache looks at it, whichever server it came through.
 */

import type { FieldReader } from './conditions.ts'
import { type Directives, NO_DIRECTIVES, requestDirectives } from './directives.ts'

/** What a `key` function sees of a request. */
export interface CacheRequest {
  readonly method: string
  /**
   * Where it goes to, with scheme and host, without a fragment: `http://example.com/news?page=2`.
   * The scheme is what X-Forwarded-Proto says, if that is there.
   */
  readonly url: string
  /** A field's value, by its name in lower case. */
  readonly header: FieldReader
}

export function directivesOf({ header }: CacheRequest): Directives {
  const cacheControl = header('cache-control')
  const pragma = header('pragma')
  if (cacheControl === undefined && pragma === undefined) return NO_DIRECTIVES
  return requestDirectives(cacheControl, pragma)
}

/**
 * What the application may make of a request beside its target. Without it in the key, one client
 * could choose the host in links, or the scheme of a redirect, for all others.
 */
export function defaultKey({ url, header }: CacheRequest): string {
  const forwardedHost = header('x-forwarded-host')
  return forwardedHost === undefined ? url : `${url} ${forwardedHost}`
}

/** The scheme that a proxy in front says, where it says one of the two. */
export function schemeOf(forwardedProto: string | undefined, isEncrypted: boolean): string {
  if (forwardedProto === 'http' || forwardedProto === 'https') return forwardedProto
  return isEncrypted ? 'https' : 'http'
}
