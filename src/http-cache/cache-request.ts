/**
 * A request as the cache sees it, the same for every kind of server.
 */

import type { FieldReader } from '../http-message/index.ts'
import { type Directives, NO_DIRECTIVES, requestDirectives } from './directives.ts'

/** A request as a `key` function sees it. */
export interface CacheRequest {
  readonly method: string
  /**
   * Its URL with scheme and host, without a fragment: `http://example.com/news?page=2`. If the
   * request has X-Forwarded-Proto, that is the scheme.
   */
  readonly url: string
  /** Returns a field's value by its name in lower case. */
  readonly header: FieldReader
}

/** The credentials that a request came with. */
export interface RequestCredentials {
  readonly hasAuthorization: boolean
  readonly hasCookie: boolean
}

/** Returns the facts that decide whether a response may be stored for other clients. */
export function credentialsOf({ header }: CacheRequest): RequestCredentials {
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

/** Fields by which proxies describe a request. Frameworks make links and redirects from them. */
const FORWARDED_FIELDS = ['x-forwarded-host', 'x-forwarded-port', 'x-forwarded-prefix']

/**
 * Returns the URL and every field that a framework may make a URL from. If they were not in the
 * key, one client could choose the host in links, or the scheme of a redirect, for all others.
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

/** Returns the scheme that a proxy in front names, if it is a known one. */
export function schemeOf(forwardedProto: string | undefined, isEncrypted: boolean): string {
  if (forwardedProto !== undefined && isScheme(forwardedProto)) return forwardedProto
  return isEncrypted ? 'https' : 'http'
}

function isScheme(text: string): boolean {
  return text === 'http' || text === 'https'
}
