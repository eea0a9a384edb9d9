/**
 * What an HTTP cache keeps under its keys, as bytes: a mark, a head in JSON with its size and its
 * digest, and the body as it is.
 *
 * Not the message that nginx reads (stored-response.ts): this says when it was stored and for how
 * long it may be used, and a hit needs no parsing. Bytes may come from anybody who has the cache,
 * so they are checked; what makes no sense is no record.
 */

import { createHash } from 'node:crypto'
import type { Lifetime } from './freshness.ts'

/** `uch1`. Another form gets another mark, so that processes of both kinds see only misses. */
const MARK = 0x31686375

/** Four numbers of 32 bits, little-endian. */
const SIZE_OFFSET = 4
const DIGEST_OFFSET = 8
const DIGEST_SIZE = 8
const HEAD_OFFSET = 16

/** Larger than any header a server accepts. */
export const MAX_HEAD_SIZE = 64 * 1024

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** RFC 9110 section 5.5: what Node and fetch accept as a value, too. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** A stored response without its body. */
export interface PageHead {
  readonly kind: 'page'
  readonly status: number
  readonly reason: string
  /** Names in lower case, each followed by its value; without Age and Cache-Status. */
  readonly fields: readonly string[]
  /** What caches before this one said. */
  readonly cacheStatus: string | undefined
  readonly lifetime: Lifetime
  /** The ETag is ours: no use to ask the application with it. */
  readonly hasOwnEtag: boolean
  readonly bodySize: number
}

/** Stands where a page would be that differs by request fields, RFC 9111 section 4.1. */
export interface VaryHead {
  readonly kind: 'vary'
  /** Part of the keys of its pages: with another one, they are gone. */
  readonly id: string
  /** Names in lower case. */
  readonly names: readonly string[]
  /** Keys of its pages, the oldest first. */
  readonly variants: readonly string[]
}

/** Nothing here is stored: nobody needs to wait for anybody. */
export interface PassHead {
  readonly kind: 'pass'
  readonly untilMs: number
  /** Why. */
  readonly detail: string
  /** Only requests with cookies or Authorization. */
  readonly isForCredentials: boolean
}

export type RecordHead = PageHead | VaryHead | PassHead

/** A stored response. */
export interface Page {
  readonly head: PageHead
  readonly body: Buffer
}

/** The part of a record before its body, unread. */
export interface SealedHead {
  readonly bodyOffset: number
  /** The same for the same head, and for no other. */
  readonly digest: number
  readonly moreDigest: number
}

export function encodeRecord(head: RecordHead, body: Uint8Array = Buffer.alloc(0)): Buffer {
  const json = Buffer.from(JSON.stringify(head))
  const start = Buffer.alloc(HEAD_OFFSET)
  start.writeUInt32LE(MARK)
  start.writeUInt32LE(json.length, SIZE_OFFSET)
  digestOf(json).copy(start, DIGEST_OFFSET, 0, DIGEST_SIZE)
  return Buffer.concat([start, json, body])
}

/** Undefined: no record. */
export function findHead(bytes: Buffer): SealedHead | undefined {
  if (bytes.length < HEAD_OFFSET || bytes.readUInt32LE(0) !== MARK) return undefined
  const bodyOffset = HEAD_OFFSET + bytes.readUInt32LE(SIZE_OFFSET)
  if (bodyOffset > bytes.length) return undefined
  const digest = bytes.readUInt32LE(DIGEST_OFFSET)
  return { bodyOffset, digest, moreDigest: bytes.readUInt32LE(DIGEST_OFFSET + 4) }
}

/** Undefined: it is not what `encodeRecord` makes. */
export function parseHead(bytes: Buffer, bodyOffset: number): RecordHead | undefined {
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
  const fields = head as Readonly<Record<string, unknown>>
  if (head.kind === 'page') return isPageHead(fields) ? fields : undefined
  if (head.kind === 'vary') return isVaryHead(fields) ? fields : undefined
  return isPassHead(fields) ? fields : undefined
}

function digestOf(json: Buffer): Buffer {
  return createHash('sha256').update(json).digest()
}

type Unchecked = Readonly<Record<string, unknown>>

function isPageHead(head: Unchecked): head is Unchecked & PageHead {
  const { status, reason, fields, cacheStatus, lifetime, hasOwnEtag, bodySize } = head
  return (
    isIntegerFrom(status, 200, 599) &&
    isFieldValue(reason) &&
    isTexts(fields) &&
    fields.length % 2 === 0 &&
    fields.every((text, index) => (index % 2 === 0 ? TOKEN.test(text) : isFieldValue(text))) &&
    (cacheStatus === undefined || isFieldValue(cacheStatus)) &&
    typeof hasOwnEtag === 'boolean' &&
    isIntegerFrom(bodySize, 0, Number.MAX_SAFE_INTEGER) &&
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
  return typeof id === 'string' && isTexts(names) && isTexts(variants)
}

function isPassHead(head: Unchecked): head is Unchecked & PassHead {
  const { kind, untilMs, detail, isForCredentials } = head
  return (
    kind === 'pass' &&
    Number.isFinite(untilMs) &&
    typeof detail === 'string' &&
    TOKEN.test(detail) &&
    typeof isForCredentials === 'boolean'
  )
}

function isIntegerFrom(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(text => typeof text === 'string')
}

function isFieldValue(value: unknown): boolean {
  return typeof value === 'string' && FIELD_VALUE.test(value)
}
