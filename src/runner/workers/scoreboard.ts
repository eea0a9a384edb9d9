/**
 * The board: what each worker process tells of itself in memory that the master sees as well.
 *
 * So the master knows what a worker is at even when that one's event loop stands still, and a
 * request costs no message. Each seat is written by one process only, and read as input is.
 */

import { closeSync } from 'node:fs'
import { makeSharedMemory, mapSharedMemory } from '../../platform/index.ts'

/** Fields of a seat, by position; each is a number of 8 bytes, which is stored whole. */
const FIELDS = {
  /** Requests of the application that have begun. */
  requests: 0,
  /** Of these, how many have not ended. */
  active: 1,
  /** The number of the oldest that has not ended, counted from 1; 0: none. */
  oldest: 2,
  /** Microseconds that ended requests took. */
  runningMicros: 3,
  /** As uWSGI has it: half of it is the last request. */
  averageMicros: 4,
  /** Bytes sent over connections that have ended. */
  sentBytes: 5,
  /** Grows while the event loop turns. */
  beats: 6,
} as const

type Field = keyof typeof FIELDS

/** What a process tells of itself. */
export type ScoreboardFacts = Readonly<Record<Field, number>>

/** A line of the processor's cache for each, so that two workers do not slow each other down. */
const ENTRY_SIZE = 64
const ENTRY_LENGTH = ENTRY_SIZE / Float64Array.BYTES_PER_ELEMENT

/** Where the worker's process finds the memory: the first descriptor behind those of `fork`. */
export const SCOREBOARD_DESCRIPTOR = 4

/** The master's side. */
export class Scoreboard {
  readonly fileDescriptor: number
  readonly #numbers: Float64Array

  constructor(entryCount: number) {
    const memory = makeSharedMemory(entryCount * ENTRY_SIZE)
    this.fileDescriptor = memory.fileDescriptor
    this.#numbers = new Float64Array(memory.buffer)
  }

  /** Before a new process takes the seat. */
  clear(index: number): void {
    this.#numbers.fill(0, index * ENTRY_LENGTH, (index + 1) * ENTRY_LENGTH)
  }

  read(index: number): ScoreboardFacts {
    const field = (name: Field) => sensible(this.#numbers[index * ENTRY_LENGTH + FIELDS[name]])
    return {
      requests: field('requests'),
      active: field('active'),
      oldest: field('oldest'),
      runningMicros: field('runningMicros'),
      averageMicros: field('averageMicros'),
      sentBytes: field('sentBytes'),
      beats: field('beats'),
    }
  }
}

/** The one seat of a worker's process. */
export class ScoreboardEntry {
  readonly #numbers: Float64Array

  constructor(numbers: Float64Array) {
    this.#numbers = numbers
  }

  /** The seat of this process, in the memory that it was started with. */
  static take(index: number): ScoreboardEntry {
    const buffer = mapSharedMemory(SCOREBOARD_DESCRIPTOR, (index + 1) * ENTRY_SIZE)
    closeSync(SCOREBOARD_DESCRIPTOR) // what the application starts must not inherit it
    return new ScoreboardEntry(new Float64Array(buffer, index * ENTRY_SIZE, ENTRY_LENGTH))
  }

  write(field: Field, value: number): void {
    this.#numbers[FIELDS[field]] = value
  }

  add(field: Field, value: number): void {
    const index = FIELDS[field]
    this.#numbers[index] = (this.#numbers[index] ?? 0) + value
  }
}

/** Whatever was written there: a count. */
function sensible(value: number | undefined): number {
  return value !== undefined && value >= 0 && value <= Number.MAX_SAFE_INTEGER
    ? Math.floor(value)
    : 0
}
