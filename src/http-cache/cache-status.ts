/**
 * The Cache-Status field, RFC 9211: it shows people what this cache did.
 */

import type { CacheRequest } from './cache-request.ts'

/** Section 2.2; `stale` also means that a stale response had to be revalidated. */
export type ForwardReason = 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'request' | 'stale'

export interface CacheStatus {
  /** Why the application was asked; undefined: it was not asked. */
  readonly forward?: ForwardReason
  /** The status that the application answered, if the client got another response. */
  readonly forwardStatus?: number
  /** Seconds for which the response is still fresh; negative: for which it has been stale. */
  readonly ttlSeconds?: number
  readonly isStored?: boolean
  /** Another request asked the application, and this one waited for it. */
  readonly isCollapsed?: boolean
  /** Why the response was not stored, in a word of this package. */
  readonly detail?: string
}

/** How this cache appears in the field. */
export interface CacheLabel {
  readonly name: string
  /** Returns the key of the request's page; undefined: the field does not show it. */
  readonly keyOf?: ((request: CacheRequest) => string | undefined) | undefined
}

/** A longer key is cut. Headers have a limit, and the key is for people. */
const MAX_KEY_LENGTH = 1000

/** The client got a stored response, and there is nothing else to report. */
export const HIT: CacheStatus = {}

/** Section 2: caches before this one have written `before`, and this one appends. */
export function formatCacheStatus(
  { name, keyOf }: CacheLabel,
  request: CacheRequest,
  status: CacheStatus,
  before: string | undefined,
): string {
  const { forward, forwardStatus, ttlSeconds, isStored, isCollapsed, detail } = status
  let text = before === undefined ? name : `${before}, ${name}`
  text += forward === undefined ? '; hit' : `; fwd=${forward}`
  if (forwardStatus !== undefined) text += `; fwd-status=${forwardStatus}`
  if (ttlSeconds !== undefined) text += `; ttl=${ttlSeconds}`
  if (isStored === true) text += '; stored'
  if (isCollapsed === true) text += '; collapsed'
  if (detail !== undefined) text += `; detail=${detail}`
  const key = keyOf?.(request)
  if (key !== undefined) text += `; key=${quote(key)}`
  return text
}

/** Formats a string of RFC 9651 section 3.3.3, which has only printable ASCII characters. */
function quote(key: string): string {
  const ascii = key.slice(0, MAX_KEY_LENGTH).replace(/[^\x20-\x7e]+/g, encodeText)
  return `"${ascii.replace(/["\\]/g, '\\$&')}"`
}

function encodeText(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString()) // which replaces halves of characters
}
