/**
 * A request as the cache looks at it, whichever server it came through.
 */

import type { FieldReader } from '../http-message/index.ts'
import { type Directives, NO_DIRECTIVES, requestDirectives } from './directives.ts'
import type { Asker } from './storing.ts'

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

/** What of it decides whether a response to it may be stored for others. */
export function askerOf({ header }: CacheRequest): Asker {
  return {
    hasAuthorization: header('authorization') !== undefined,
    hasCookie: header('cookie') !== undefined,
  }
}

export function directivesOf({ header }: CacheRequest): Directives {
  const cacheControl = header('cache-control')
  const pragma = header('pragma')
  if (cacheControl === undefined && pragma === undefined) return NO_DIRECTIVES
  return requestDirectives(cacheControl, pragma)
}

/** What proxies say of a request, and frameworks make links and redirects from. */
const FORWARDED_FIELDS = ['x-forwarded-host', 'x-forwarded-port', 'x-forwarded-prefix']

/**
 * The URL, and all that a framework may take it for. Without that in the key, one client could
 * choose the host in links, or the scheme of a redirect, for all others.
 */
export function defaultKey({ url, header }: CacheRequest): string {
  let key = url
  for (const name of FORWARDED_FIELDS) {
    const value = header(name)
    if (value !== undefined) key += ` ${name}=${value}`
  }
  const scheme = header('x-forwarded-proto')
  if (scheme !== undefined && !isScheme(scheme)) key += ` x-forwarded-proto=${scheme}`
  return key
}

/** The scheme that a proxy in front says, where it says one of the two. */
export function schemeOf(forwardedProto: string | undefined, isEncrypted: boolean): string {
  if (forwardedProto !== undefined && isScheme(forwardedProto)) return forwardedProto
  return isEncrypted ? 'https' : 'http'
}

function isScheme(text: string): boolean {
  return text === 'http' || text === 'https'
}
