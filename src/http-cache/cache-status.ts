/**
 * The Cache-Status field, RFC 9211: what this cache did, for people who look.
 */

/** Section 2.2, and `stale` of a response that had to be asked for again. */
export type ForwardReason = 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'request' | 'stale'

export interface CacheStatus {
  /** Why the application was asked; undefined: it was not. */
  readonly forward?: ForwardReason
  /** What the application answered, where the client got something else. */
  readonly forwardStatus?: number
  /** Seconds that the response is fresh; negative: since when it is stale. */
  readonly ttlSeconds?: number
  readonly isStored?: boolean
  /** Another request asked the application, and this one waited. */
  readonly isCollapsed?: boolean
  /** Why it was not stored, in a word of ours. */
  readonly detail?: string
}

/** A stored response, and nothing more to tell. */
export const HIT: CacheStatus = {}

/** After what caches before this one said, section 2. */
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
