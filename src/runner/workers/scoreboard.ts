/**
 * The scoreboard: facts about each worker process, in memory that the master shares.
 *
 * The master can therefore see what a worker is doing even when that worker's event loop is
 * blocked, and a request costs no message. Only one process writes each entry. Readers treat the
 * values as untrusted input.
 */

import { closeSync } from 'node:fs'
import { makeSharedMemory, mapSharedMemory } from '../../platform/index.ts'

/** Fields of an entry by position. Each is a number of 8 bytes, which is stored whole. */
const FIELDS = {
  /** Requests of the application that have begun. */
  requests: 0,
  /** Requests in progress. */
  active: 1,
  /** Number of the oldest request in progress, counted from 1; 0: none. */
  oldest: 2,
  /** Microseconds that ended requests took. */
  runningMicros: 3,
  /** Moving average as in uWSGI: half of it is the last request. */
  averageMicros: 4,
  /** Bytes sent over connections that have ended. */
  sentBytes: 5,
  /** Grows while the event loop runs. */
  beats: 6,
  /** Milliseconds that the event loop has worked, instead of waiting. */
  workedMs: 7,
  /** 1 while the process accepts HTTP connections. */
  isAccepting: 8,
  /** Open HTTP connections. */
  connections: 9,
} as const

type Field = keyof typeof FIELDS

/** The values of an entry. */
export type ScoreboardFacts = Readonly<Record<Field, number>>

/** Whole cache lines of the processor, so that two workers do not slow each other down. */
const ENTRY_SIZE = 128
const ENTRY_LENGTH = ENTRY_SIZE / Float64Array.BYTES_PER_ELEMENT

/** Descriptor of the memory in a worker process: the first one after those of `fork`. */
export const SCOREBOARD_DESCRIPTOR = 4

/** The master's view of all entries. */
export class Scoreboard {
  readonly fileDescriptor: number
  readonly #numbers: Float64Array

  constructor(entryCount: number) {
    const memory = makeSharedMemory(entryCount * ENTRY_SIZE)
    this.fileDescriptor = memory.fileDescriptor
    this.#numbers = new Float64Array(memory.buffer)
  }

  /** Called before a new process takes the entry. */
  clear(index: number): void {
    this.#numbers.fill(0, index * ENTRY_LENGTH, (index + 1) * ENTRY_LENGTH)
  }

  /** Called when the process of the entry has ended. */
  markEnded(index: number): void {
    this.#numbers[index * ENTRY_LENGTH + FIELDS.isAccepting] = 0
  }

  read(index: number): ScoreboardFacts {
    const field = (name: Field) => toCount(this.#numbers[index * ENTRY_LENGTH + FIELDS[name]])
    return {
      requests: field('requests'),
      active: field('active'),
      oldest: field('oldest'),
      runningMicros: field('runningMicros'),
      averageMicros: field('averageMicros'),
      sentBytes: field('sentBytes'),
      beats: field('beats'),
      workedMs: field('workedMs'),
      isAccepting: field('isAccepting'),
      connections: field('connections'),
    }
  }
}

/** The entry of one worker process, which can see those of the others. */
export class ScoreboardEntry {
  readonly #all: Float64Array
  readonly #index: number
  readonly #numbers: Float64Array

  constructor(all: Float64Array, index: number) {
    this.#all = all
    this.#index = index
    this.#numbers = all.subarray(index * ENTRY_LENGTH, (index + 1) * ENTRY_LENGTH)
  }

  /** Takes the entry of this process in the memory that it was started with. */
  static take(index: number, entryCount: number): ScoreboardEntry {
    const buffer = mapSharedMemory(SCOREBOARD_DESCRIPTOR, entryCount * ENTRY_SIZE)
    closeSync(SCOREBOARD_DESCRIPTOR) // child processes of the application must not inherit it
    return new ScoreboardEntry(new Float64Array(buffer), index)
  }

  /**
   * Returns how many more HTTP connections this process has than the process with the fewest; 0
   * if no other process accepts.
   */
  connectionLead(): number {
    const own = toCount(this.#numbers[FIELDS.connections])
    let least = own
    for (let start = 0; start < this.#all.length; start += ENTRY_LENGTH) {
      if (start === this.#index * ENTRY_LENGTH) continue
      if (this.#all[start + FIELDS.isAccepting] !== 1) continue
      least = Math.min(least, toCount(this.#all[start + FIELDS.connections]))
    }
    return own - least
  }

  write(field: Field, value: number): void {
    this.#numbers[FIELDS[field]] = value
  }

  add(field: Field, value: number): void {
    const index = FIELDS[field]
    this.#numbers[index] = (this.#numbers[index] ?? 0) + value
  }
}

/** Converts any written value to a count. */
function toCount(value: number | undefined): number {
  return value !== undefined && value >= 0 && value <= Number.MAX_SAFE_INTEGER
    ? Math.floor(value)
    : 0
}
