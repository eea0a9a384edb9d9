/**
 * Requests of `node:http`, as the cache sees them and as it changes them for the application.
 */

import type { IncomingMessage } from 'node:http'
import type { CacheFill } from './cache-fill.ts'
import { type CacheRequest, schemeOf } from './cache-request.ts'

/** RFC 3986 section 3.2.2, as far as hosts are in use: names, addresses, a port. */
const HOST = /^[\w.:[\]-]*$/

/** When one of these is repeated, `node:http` keeps the first: https://nodejs.org/api/http.html */
const SINGLETON_FIELDS = [
  ...['host', 'user-agent', 'referer', 'from', 'authorization', 'proxy-authorization'],
  ...['content-type', 'content-length', 'if-modified-since', 'if-unmodified-since'],
  'max-forwards',
]
const SINGLETON_BITS = new Map(SINGLETON_FIELDS.map((name, index) => [name, 1 << index]))
const SINGLETON_SIZES: true[] = []
for (const { length } of SINGLETON_FIELDS) SINGLETON_SIZES[length] = true

/** @returns the request as the cache sees it */
export function cacheRequest(message: IncomingMessage): CacheRequest {
  // These stay the client's: `replaceFields` gives the message other ones.
  const { headers, method = 'GET' } = message
  const header = (name: string): string | undefined => {
    const value = headers[name]
    return typeof value === 'object' ? value.join(', ') : value
  }
  const isEncrypted = (message.socket as { readonly encrypted?: boolean }).encrypted === true
  const scheme = schemeOf(header('x-forwarded-proto'), isEncrypted)
  return {
    method,
    url: `${scheme}://${(headers.host ?? '').toLowerCase()}${targetOf(message)}`,
    header,
  }
}

/** Express removes the path where a handler is mounted from `url`. */
function targetOf(message: IncomingMessage): string {
  return (message as { readonly originalUrl?: string }).originalUrl ?? message.url ?? '/'
}

/**
 * In other forms of a request, Host and target are ambiguous or contradict each other. Node uses
 * the first of a repeated field, and an application may use another one.
 */
export function isPlain(message: IncomingMessage): boolean {
  const { host, 'content-length': length, 'transfer-encoding': coding } = message.headers
  if (coding !== undefined || (length !== undefined && length !== '0')) return false
  const isUsual = targetOf(message).startsWith('/') && host !== undefined && HOST.test(host)
  return isUsual && !repeatsSingleton(message.rawHeaders)
}

/** Every hit asks this, so only names of a singleton's length are looked at. */
function repeatsSingleton(rawHeaders: readonly string[]): boolean {
  let seen = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]
    if (SINGLETON_SIZES[name.length] !== true) continue
    const bit = SINGLETON_BITS.get(name.toLowerCase()) ?? 0
    if ((seen & bit) !== 0) return true
    seen |= bit
  }
  return false
}

/** Replaces the client's conditions by those of the cache, in both forms that applications read. */
export function replaceFields(
  message: IncomingMessage,
  { conditions, withheldFields }: Pick<CacheFill, 'conditions' | 'withheldFields'>,
): void {
  const kept: string[] = []
  const { rawHeaders } = message
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (withheldFields.includes(rawHeaders[index].toLowerCase())) continue
    kept.push(rawHeaders[index], rawHeaders[index + 1])
  }
  const headers = { ...message.headers }
  for (const name of withheldFields) delete headers[name]
  message.rawHeaders = [...kept, ...conditions.flat()]
  message.headers = Object.assign(headers, Object.fromEntries(conditions))
}
