/**
 * PURGE requests, as the purgers of content systems send them.
 *
 * A request with tags in a field purges these: `Surrogate-Key` (Fastly), `Cache-Tag`, `xkey` and
 * `xkey-purge` (Varnish), `Cache-Tags` (Drupal). Otherwise it purges its path on its host, or, with
 * a wildcard at its end, everything below. `Fastly-Soft-Purge: 1` and `xkey-softpurge` are soft.
 * Proxy Cache Purge and WP Rocket (WordPress) write the wildcard as an expression, and say so in
 * `X-Purge-Method: regex`. Expressions are not run: everything below the directory that they begin
 * with is purged.
 */

import { createHash, timingSafeEqual } from 'node:crypto'
import type { BlockList } from 'node:net'
import { invalidOption, requireKnownNames } from '../base/index.ts'
import type { Answer, FieldReader } from '../http-message/index.ts'
import { isInList, resolveAllowList } from '../net/index.ts'
import type { CacheRequest } from './cache-request.ts'
import { parseTags, placeOfUrl, TAG_FIELDS } from './page-tags.ts'
import type { Purger } from './purger.ts'

/** Who may purge pages by the method PURGE. A client must fulfil everything that is given. */
export interface PurgeAccess {
  /**
   * Addresses and networks such as `10.0.0.0/8`. The address of a request that comes through a
   * proxy is that of the proxy: let the proxy refuse PURGE, or use a token. A Fetch handler does
   * not know addresses.
   */
  readonly allow?: readonly string[] | undefined
  /**
   * What clients send as `Authorization: Bearer TOKEN`, or as Fastly's `Fastly-Key: TOKEN`: 16 to
   * 1024 visible characters.
   */
  readonly token?: string | undefined
}

/** The checks of {@link PurgeAccess}. */
export interface ResolvedPurgeAccess {
  readonly allow: BlockList | undefined
  readonly tokenDigest: Buffer | undefined
}

export const PURGE_METHOD = 'PURGE'

const ACCESS_NAMES = ['allow', 'token'] as const satisfies readonly (keyof PurgeAccess)[]

const TOKEN = /^[\x21-\x7e]{16,1024}$/

/** Fastly takes 256. A tag costs some microseconds. */
const MAX_TAGS = 1000

const EXPRESSION = /[\\^$.|?*+()[\]{}]/

export function resolvePurgeAccess(
  access: PurgeAccess | undefined,
): ResolvedPurgeAccess | undefined {
  if (access === undefined) return undefined
  requireKnownNames('purge', access, ACCESS_NAMES)
  const { allow, token } = access
  if (allow === undefined && token === undefined) {
    throw invalidOption('purge', 'an object with allow or token, or both', access)
  }
  if (token !== undefined && (typeof token !== 'string' || !TOKEN.test(token))) {
    // The message ends up in logs, so it does not say the token.
    throw invalidOption('purge.token', '16 to 1024 visible ASCII characters', typeof token)
  }
  return {
    allow: resolveAllowList('purge.allow', allow),
    tokenDigest: token === undefined ? undefined : digestOf(token),
  }
}

/** Answers PURGE requests. */
export class PurgeRequests {
  readonly #access: ResolvedPurgeAccess
  readonly #purger: Purger
  readonly #onError: (error: unknown) => void

  constructor(access: ResolvedPurgeAccess, purger: Purger, onError: (error: unknown) => void) {
    this.#access = access
    this.#purger = purger
    this.#onError = onError
  }

  /** @param address - of the client; undefined: it is not known */
  async answer(request: CacheRequest, address: string | undefined): Promise<Answer> {
    if (!this.#isAllowed(request.header, address)) return answerOf(403, 'forbidden')
    try {
      return (await this.#purge(request)) ? answerOf(200, 'ok') : answerOf(400, 'bad request')
    } catch (error) {
      this.#onError(error)
      return answerOf(500, 'error')
    }
  }

  #isAllowed(header: FieldReader, address: string | undefined): boolean {
    const { allow, tokenDigest } = this.#access
    if (allow !== undefined && !isInList(allow, address)) return false
    if (tokenDigest === undefined) return true
    const [, bearer] = /^Bearer +([\x21-\x7e]+)$/i.exec(header('authorization') ?? '') ?? []
    const token = bearer ?? header('fastly-key')
    return token !== undefined && timingSafeEqual(digestOf(token), tokenDigest)
  }

  /** @returns false if the request is malformed */
  async #purge({ url, header }: CacheRequest): Promise<boolean> {
    const isSoft = header('fastly-soft-purge') === '1'
    const hard = tagsIn(header, [...TAG_FIELDS, 'xkey-purge'])
    const soft = tagsIn(header, ['xkey-softpurge'])
    if (hard !== undefined || soft !== undefined) {
      const count = (hard?.length ?? 0) + (soft?.length ?? 0)
      if (count === 0 || count > MAX_TAGS) return false
      this.#purger.deleteTags(hard ?? [], { soft: isSoft })
      this.#purger.deleteTags(soft ?? [], { soft: true })
      return true
    }
    const { host, path } = placeOfUrl(url)
    if (!path.startsWith('/')) return false
    const prefix = prefixIn(path, header('x-purge-method'))
    if (prefix === undefined) await this.#purger.delete(url, { soft: isSoft })
    else this.#purger.deletePrefix(prefix, { soft: isSoft, host })
    return true
  }
}

/** @returns undefined if there is no such field */
function tagsIn(header: FieldReader, names: readonly string[]): string[] | undefined {
  const lists = names.map(header).filter(list => list !== undefined)
  return lists.length === 0 ? undefined : parseTags(lists.join(' '))
}

/** @returns undefined if the path is not a wildcard */
function prefixIn(path: string, method: string | undefined): string | undefined {
  if (method?.toLowerCase() === 'regex') return path.split(EXPRESSION, 1)[0]
  return path.endsWith('*') ? path.slice(0, -1) : undefined
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** Fastly's answers have a `status`, and what Varnish's purgers read is the status of HTTP. */
function answerOf(status: number, text: string): Answer {
  const body = Buffer.from(`${JSON.stringify({ status: text })}\n`)
  const length = ['content-length', String(body.length)]
  const fields = ['content-type', 'application/json', 'cache-control', 'no-store', ...length]
  return { status, reason: '', fields, body }
}
