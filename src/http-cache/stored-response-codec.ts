/**
 * The items of an HTTP cache as bytes: a mark, the size and the digest of a head, the head in JSON,
 * and the body as it is.
 *
 * This is not the message that nginx reads (http-message-bytes.ts): it says when the response was
 * stored and for how long it may be used, and a hit parses nothing. Every program that has the
 * cache can write such bytes, so they are checked, and bytes that make no sense are not decoded.
 */

import { createHash } from 'node:crypto'
import { isHeaderName, isHeaderValue } from '../http-message/index.ts'
import type { CacheLabel } from './cache-status.ts'
import { type Lifetime, type PageHead, StoredResponse } from './stored-response.ts'

/** `uch2`. Another format gets another mark, so that processes of both kinds see only misses. */
const MARK = 0x32686375

/** Four numbers of 32 bits, little-endian. */
const SIZE_OFFSET = 4
const DIGEST_OFFSET = 8
const DIGEST_SIZE = 8
const HEAD_OFFSET = 16

/** 16 bytes in base64url. */
const BODY_HASH = /^[\w-]{22}$/

/** Larger than any header that a server accepts. */
export const MAX_HEAD_SIZE = 64 * 1024

/** Parsed heads to keep. With the next limit they take some 10 MiB at most. */
const MAX_KEPT = 2000
const MAX_KEPT_SIZE = 4096

/** Stands in the place of a page that differs by request fields, RFC 9111 section 4.1. */
export interface VaryHead {
  readonly kind: 'vary'
  /** A part of the keys of the variants: with another id, no request finds them. */
  readonly id: string
  /** Names in lower case. */
  readonly names: readonly string[]
  /** Keys of the variants, the oldest first. */
  readonly variants: readonly string[]
}

/** A marker: the last response was not stored, so requests do not wait for each other. */
export interface PassHead {
  readonly kind: 'pass'
  readonly untilMs: number
  /** Why the response was not stored. */
  readonly detail: string
  /** The marker is only for requests with cookies or Authorization. */
  readonly isForCredentials: boolean
}

export type ItemHead = PageHead | VaryHead | PassHead

/** A head, ready for use. */
export type ParsedHead = StoredResponse | VaryHead | PassHead

/** An item with its body, which shares memory with the bytes that were decoded. */
export interface DecodedItem {
  readonly head: ParsedHead
  readonly body: Buffer
}

/** The part of an item before its body, unread. */
interface SealedHead {
  readonly bodyOffset: number
  /** The digest is the same for the same head, and for no other. */
  readonly digest: number
  readonly moreDigest: number
}

interface KeptHead {
  readonly sealed: SealedHead
  readonly parsed: ParsedHead
}

export function encodeItem(head: ItemHead, body: Uint8Array = Buffer.alloc(0)): Buffer {
  const json = Buffer.from(JSON.stringify(head))
  const start = Buffer.alloc(HEAD_OFFSET)
  start.writeUInt32LE(MARK)
  start.writeUInt32LE(json.length, SIZE_OFFSET)
  digestOf(json).copy(start, DIGEST_OFFSET, 0, DIGEST_SIZE)
  return Buffer.concat([start, json, body])
}

/**
 * Decodes items, and keeps parsed heads, so that a hit does not parse its own again.
 *
 * A kept head is never stale: it counts only while the item in the cache has its digest.
 */
export class ParsedHeadCache {
  readonly #label: CacheLabel | undefined
  readonly #kept = new Map<string, KeptHead>()

  /** @param label - of the HTTP cache, in Cache-Status */
  constructor(label: CacheLabel | undefined) {
    this.#label = label
  }

  /** @returns undefined if the bytes are not an item, or only a part of one */
  decode(key: string, bytes: Buffer): DecodedItem | undefined {
    const sealed = findHead(bytes)
    if (sealed === undefined) return undefined
    const kept = this.#kept.get(key)
    const head =
      kept !== undefined && isSame(kept.sealed, sealed)
        ? kept.parsed
        : this.#parse(key, bytes, sealed)
    if (head === undefined) return undefined
    const body = bytes.subarray(sealed.bodyOffset)
    const isWhole = !(head instanceof StoredResponse) || head.head.bodySize === body.length
    return isWhole ? { head, body } : undefined
  }

  #parse(key: string, bytes: Buffer, sealed: SealedHead): ParsedHead | undefined {
    const head = parseHead(bytes, sealed.bodyOffset)
    if (head === undefined) return undefined
    const parsed = head.kind === 'page' ? new StoredResponse(head, this.#label) : head
    if (sealed.bodyOffset <= MAX_KEPT_SIZE) this.#keep(key, { sealed, parsed })
    return parsed
  }

  #keep(key: string, kept: KeptHead): void {
    this.#kept.delete(key)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size >= MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest)
    this.#kept.set(key, kept)
  }
}

function findHead(bytes: Buffer): SealedHead | undefined {
  if (bytes.length < HEAD_OFFSET || bytes.readUInt32LE(0) !== MARK) return undefined
  const bodyOffset = HEAD_OFFSET + bytes.readUInt32LE(SIZE_OFFSET)
  if (bodyOffset > bytes.length) return undefined
  const digest = bytes.readUInt32LE(DIGEST_OFFSET)
  return { bodyOffset, digest, moreDigest: bytes.readUInt32LE(DIGEST_OFFSET + 4) }
}

function isSame(first: SealedHead, second: SealedHead): boolean {
  return (
    first.digest === second.digest &&
    first.moreDigest === second.moreDigest &&
    first.bodyOffset === second.bodyOffset
  )
}

/** @returns undefined if `encodeItem` does not make such a head */
function parseHead(bytes: Buffer, bodyOffset: number): ItemHead | undefined {
  if (bodyOffset - HEAD_OFFSET > MAX_HEAD_SIZE) return undefined
  const json = bytes.subarray(HEAD_OFFSET, bodyOffset)
  const digestEnd = DIGEST_OFFSET + DIGEST_SIZE
  if (digestOf(json).compare(bytes, DIGEST_OFFSET, digestEnd, 0, DIGEST_SIZE) !== 0)
    return undefined
  let head: unknown
  try {
    head = JSON.parse(json.toString())
  } catch {
    return undefined
  }
  if (typeof head !== 'object' || head === null || !('kind' in head)) return undefined
  const fields = head as Unchecked
  if (head.kind === 'page') return isPageHead(fields) ? fields : undefined
  if (head.kind === 'vary') return isVaryHead(fields) ? fields : undefined
  return isPassHead(fields) ? fields : undefined
}

function digestOf(json: Buffer): Buffer {
  return createHash('sha256').update(json).digest()
}

type Unchecked = Readonly<Record<string, unknown>>

function isPageHead(head: Unchecked): head is Unchecked & PageHead {
  const { status, reason, fields, cacheStatus, lifetime, tags, hasOwnEtag, bodySize, bodyHash } =
    head
  return (
    isIntegerFrom(status, 200, 599) &&
    isFieldValue(reason) &&
    isStrings(fields) &&
    fields.length % 2 === 0 &&
    fields.every((text, index) => (index % 2 === 0 ? isHeaderName(text) : isHeaderValue(text))) &&
    (cacheStatus === undefined || isFieldValue(cacheStatus)) &&
    isStrings(tags) &&
    typeof hasOwnEtag === 'boolean' &&
    isIntegerFrom(bodySize, 0, Number.MAX_SAFE_INTEGER) &&
    (bodyHash === undefined || (typeof bodyHash === 'string' && BODY_HASH.test(bodyHash))) &&
    typeof lifetime === 'object' &&
    lifetime !== null &&
    isLifetime(lifetime as Unchecked)
  )
}

const DURATIONS = [
  'storedAtMs',
  'ageMs',
  'freshMs',
  'staleWhileRevalidateMs',
  'staleIfErrorMs',
  'retryAtMs',
] as const satisfies readonly (keyof Lifetime)[]

const FLAGS = [
  'isStrict',
  'isForAuthorized',
  'isByDefault',
] as const satisfies readonly (keyof Lifetime)[]

function isLifetime(lifetime: Unchecked): boolean {
  return (
    DURATIONS.every(name => Number.isFinite(lifetime[name])) &&
    FLAGS.every(name => typeof lifetime[name] === 'boolean')
  )
}

function isVaryHead(head: Unchecked): head is Unchecked & VaryHead {
  const { id, names, variants } = head
  return typeof id === 'string' && isStrings(names) && isStrings(variants)
}

function isPassHead(head: Unchecked): head is Unchecked & PassHead {
  const { kind, untilMs, detail, isForCredentials } = head
  return (
    kind === 'pass' &&
    Number.isFinite(untilMs) &&
    typeof detail === 'string' &&
    isHeaderName(detail) &&
    typeof isForCredentials === 'boolean'
  )
}

function isIntegerFrom(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(text => typeof text === 'string')
}

function isFieldValue(value: unknown): boolean {
  return typeof value === 'string' && isHeaderValue(value)
}
