/**
 * Whether cachestore may keep a response. Plain facts in, a decision out.
 *
 * uWSGI asks for the status alone. What is answered to one user must not be given to others, so
 * here a response that says so is left alone, unless the rule insists (`force`).
 */

import type { ResponseHead } from './response-sink.ts'

/** What a rule says about it. */
export interface StorePolicy {
  readonly statusCodes: readonly number[]
  readonly isForced: boolean
  readonly isForAnyMethod: boolean
  /** The key names the user, so credentials are no reason against it. */
  readonly isForOneUser: boolean
}

export function isStorable(head: ResponseHead, policy: StorePolicy): boolean {
  if (!policy.statusCodes.includes(head.statusCode)) return false
  if (!policy.isForAnyMethod && head.method !== 'GET') return false
  if (policy.isForced) return true
  const directives = directivesOf(head.cacheControl)
  if (directives.has('private') || directives.has('no-store') || head.hasSetCookie) return false
  // The rule that serves it says how it is coded, if it is: usually not at all.
  if (head.contentEncoding !== '' && head.contentEncoding !== 'identity') return false
  return !head.hasAuthorization || policy.isForOneUser || isForEveryone(directives)
}

/** Before there is a response: false if none could be stored, or only one that says so. */
export function isLikelyStorable(
  { method, hasAuthorization }: Pick<ResponseHead, 'method' | 'hasAuthorization'>,
  policy: StorePolicy,
): boolean {
  if (!policy.isForAnyMethod && method !== 'GET') return false
  return policy.isForced || policy.isForOneUser || !hasAuthorization
}

/** RFC 9111 section 3.5: what lets a shared cache store an answer to credentials. */
function isForEveryone(directives: ReadonlySet<string>): boolean {
  return ['public', 's-maxage', 'must-revalidate'].some(name => directives.has(name))
}

/** RFC 9111 section 5.2: the names, without their arguments. A quoted comma only adds names. */
function directivesOf(cacheControl: string): ReadonlySet<string> {
  const parts = cacheControl.toLowerCase().split(',')
  return new Set(parts.map(part => part.split('=', 1)[0]?.trim() ?? ''))
}
