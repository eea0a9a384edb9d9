/**
 * The Cache-Status field, RFC 9211: it shows people what this cache did.
 */

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

/** The client got a stored response, and there is nothing else to report. */
export const HIT: CacheStatus = {}

/** Section 2: caches before this one have written `before`, and this one appends. */
export function formatCacheStatus(
  name: string,
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
  return text
}
