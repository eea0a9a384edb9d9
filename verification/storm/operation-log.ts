/**
 * What a worker has done and is about to do, in a file that outlives the worker. An operation is
 * acknowledged once the log records it as done.
 *
 * The log fits into one page and is written by one system call, which a kill does not split.
 */

import { closeSync, openSync, readSync, writeSync } from 'node:fs'

/** How many items each worker owns. */
export const KEY_COUNT = 24
/** Items from this key on expire soon. */
export const FIRST_EXPIRING_KEY = 18

const PAGE_SIZE = 4096
const TEXT_SIZE = 1024
const NUMBERS_SIZE = 1024
const TEXT_OFFSET = PAGE_SIZE - TEXT_SIZE

/** The operation under way. `after` is the new version of the item or value of the counter. */
export type Pending =
  | { readonly kind: 'nothing' }
  | PendingItem
  | { readonly kind: 'counter'; readonly after: number }
  | { readonly kind: 'shared counter' }

interface PendingItem {
  readonly kind: 'item'
  readonly key: number
  readonly after: number
  /** Whether the item must survive the operation. */
  readonly keeps: boolean
}

const KINDS = ['nothing', 'item', 'counter', 'shared counter'] as const

/** Positions in the array of doubles. */
const VERSION = 0
const OPERATIONS = 1
const LONGEST_WAIT_MS = 2
const COUNTER = 3
const SHARED_COUNT = 4
const PENDING_KIND = 5
const PENDING_KEY = 6
const PENDING_AFTER = 7
const PENDING_KEEPS = 8
const KEYS = 16
const KEY_STRIDE = 2

export class OperationLog {
  readonly #fd: number
  readonly #page = Buffer.alloc(PAGE_SIZE)
  readonly #doubles = new Float64Array(this.#page.buffer, this.#page.byteOffset, NUMBERS_SIZE / 8)

  constructor(file: string) {
    this.#fd = openSync(file, 'a+')
    closeSync(this.#fd)
    this.#fd = openSync(file, 'r+')
    this.read()
  }

  read(): void {
    const size = readSync(this.#fd, this.#page, 0, PAGE_SIZE, 0)
    this.#page.fill(0, size)
  }

  write(): void {
    writeSync(this.#fd, this.#page, 0, NUMBERS_SIZE, 0)
  }

  close(): void {
    closeSync(this.#fd)
  }

  /** @returns a version that no value of this worker had before */
  nextVersion(): number {
    return this.#add(VERSION, 1)
  }

  /** @returns 0 if the item is absent */
  version(key: number): number {
    return this.#at(KEYS + key * KEY_STRIDE)
  }

  /** @returns the moment at which the item expires; 0 if it does not expire */
  endsAtMs(key: number): number {
    return this.#at(KEYS + key * KEY_STRIDE + 1)
  }

  setItem(key: number, version: number, endsAtMs: number): void {
    this.#doubles[KEYS + key * KEY_STRIDE] = version
    this.#doubles[KEYS + key * KEY_STRIDE + 1] = endsAtMs
  }

  get counter(): number {
    return this.#at(COUNTER)
  }

  set counter(value: number) {
    this.#doubles[COUNTER] = value
  }

  /** Acknowledged increments of the shared counter by this worker. */
  get sharedCount(): number {
    return this.#at(SHARED_COUNT)
  }

  countShared(): void {
    this.#add(SHARED_COUNT, 1)
  }

  get operations(): number {
    return this.#at(OPERATIONS)
  }

  get longestWaitMs(): number {
    return this.#at(LONGEST_WAIT_MS)
  }

  noteOperation(tookMs: number): void {
    this.#add(OPERATIONS, 1)
    this.#doubles[LONGEST_WAIT_MS] = Math.max(this.longestWaitMs, tookMs)
  }

  get pending(): Pending {
    const kind = KINDS[this.#at(PENDING_KIND)] ?? 'nothing'
    const after = this.#at(PENDING_AFTER)
    if (kind === 'counter') return { kind, after }
    if (kind !== 'item') return { kind }
    return { kind, key: this.#at(PENDING_KEY), after, keeps: this.#at(PENDING_KEEPS) === 1 }
  }

  set pending(pending: Pending) {
    this.#doubles[PENDING_KIND] = KINDS.indexOf(pending.kind)
    if (pending.kind === 'nothing' || pending.kind === 'shared counter') return
    this.#doubles[PENDING_AFTER] = pending.after
    if (pending.kind === 'counter') return
    this.#doubles[PENDING_KEY] = pending.key
    this.#doubles[PENDING_KEEPS] = pending.keeps ? 1 : 0
  }

  /** The first fault that the worker found; empty if there is none. */
  get fault(): string {
    const end = this.#page.indexOf(0, TEXT_OFFSET)
    return this.#page.toString('utf8', TEXT_OFFSET, end < 0 ? PAGE_SIZE : end)
  }

  noteFault(text: string): void {
    if (this.fault !== '') return
    this.#page.write(text, TEXT_OFFSET, TEXT_SIZE)
    writeSync(this.#fd, this.#page, 0, PAGE_SIZE, 0)
  }

  #at(index: number): number {
    return this.#doubles[index]
  }

  #add(index: number, by: number): number {
    const sum = this.#at(index) + by
    this.#doubles[index] = sum
    return sum
  }
}
