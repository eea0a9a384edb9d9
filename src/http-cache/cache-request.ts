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

/**
 * Fields by which proxies describe a request. Frameworks make links and redirects from them, and
 * some take another path or another method from them. X-Forwarded-For is not one: it differs for
 * each client.
 */
const FORWARDED_FIELDS = [
  ...['x-forwarded-host', 'x-forwarded-port', 'x-forwarded-prefix', 'x-forwarded-server'],
  ...['x-forwarded-path', 'x-forwarded-uri', 'x-original-url', 'x-rewrite-url', 'x-script-name'],
  ...['x-original-host', 'x-host', 'x-http-host-override'],
  ...['x-forwarded-scheme', 'x-forwarded-protocol', 'x-forwarded-ssl', 'x-url-scheme'],
  ...['front-end-https', 'x-http-method-override', 'x-http-method', 'x-method-override'],
]

/** RFC 7239 section 4: addresses, which differ for each client and do not belong to a URL. */
const FORWARDED_ADDRESS = /^(?:for|by)=(?:"[^"]*"|[^\s"]*)$/i

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
  const forwarded = header('forwarded')
  if (forwarded !== undefined) key += forwardedKey(forwarded)
  const scheme = header('x-forwarded-proto')
  if (scheme !== undefined && !isScheme(scheme)) key += ` x-forwarded-proto=${scheme}`
  return key
}

/** Returns the parts of Forwarded that a URL may be made from: host and scheme. */
function forwardedKey(forwarded: string): string {
  const parts = forwarded.split(/[,;]/).map(part => part.trim())
  const kept = parts.filter(part => part !== '' && !FORWARDED_ADDRESS.test(part))
  return kept.length === 0 ? '' : ` forwarded=${kept.join(';')}`
}

/** Returns the scheme that a proxy in front names, if it is a known one. */
export function schemeOf(forwardedProto: string | undefined, isEncrypted: boolean): string {
  if (forwardedProto !== undefined && isScheme(forwardedProto)) return forwardedProto
  return isEncrypted ? 'https' : 'http'
}

function isScheme(text: string): boolean {
  return text === 'http' || text === 'https'
}
