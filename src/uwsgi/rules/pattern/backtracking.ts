/**
 * Keeping regular expressions from blocking a worker.
 *
 * JavaScript's search backtracks, which can take exponential time on a subject that nearly matches.
 * V8 can continue such a search with an engine that needs linear time, but not for patterns with
 * references, look-around or large counts: their searches are given up after a time limit.
 */

import { setFlagsFromString } from 'node:v8'
import { createContext, Script } from 'node:vm'

/** Much longer than any search that does not backtrack excessively. */
export const SEARCH_LIMIT_MS = 100

/** Subjects up to this size are searched quickly if no repetition repeats another one. */
const SHORT_SUBJECT_SIZE = 256

const BYTE_COUNT = 256

/** A repeated group of up to this many rounds is like the same group written out. */
const MAX_SMALL_COUNT = 8

export type Search = (subject: string) => RegExpExecArray | null

/** One part of an alternative. */
interface Part {
  /** The bytes that it can begin with or consist of. */
  readonly bytes: ReadonlySet<number>
  /** The alternatives of a group without a quantifier. */
  readonly inner: readonly (readonly Part[])[] | undefined
  readonly isNullable: boolean
  /** It is repeated without a small limit. */
  readonly isLoop: boolean
}

/** Follows a pattern while it is translated, and finds repetitions that repeat a repetition. */
export class BacktrackingCheck {
  /** The same text can be split in many ways, as by `(a+)+`. */
  isRisky = false
  loopCount = 0
  readonly #flags: () => string
  readonly #bytes = new Map<string, ReadonlySet<number>>()
  /** The alternatives of each open group; the whole pattern is the first. */
  readonly #open: Part[][][] = [[[]]]

  constructor(flags: () => string) {
    this.#flags = flags
  }

  /** Adds one character or a set, as source of JavaScript. */
  add(source: string): void {
    this.#push({ bytes: this.#bytesOf(source), inner: undefined, isNullable: false, isLoop: false })
  }

  /** Adds a reference, which can be any text. */
  addReference(): void {
    this.#push({ bytes: this.#bytesOf('[^]'), inner: undefined, isNullable: true, isLoop: false })
  }

  open(): void {
    this.#open.push([[]])
  }

  endAlternative(): void {
    this.#open.at(-1)?.push([])
  }

  close(isAssertion: boolean): void {
    const inner = this.#open.pop() ?? []
    if (isAssertion) return
    const parts = inner.flat()
    this.#push({
      bytes: new Set(parts.flatMap(part => [...part.bytes])),
      inner,
      isNullable: inner.some(alternative => alternative.every(part => part.isNullable)),
      isLoop: parts.some(part => part.isLoop),
    })
  }

  /** Applies a quantifier to the last part. */
  repeat(min: number, max: number): void {
    const alternative = this.#open.at(-1)?.at(-1)
    const part = alternative?.pop()
    if (part === undefined) return
    const isLoop = max > MAX_SMALL_COUNT
    if (isLoop) this.loopCount++
    if (isLoop && part.inner !== undefined && isAmbiguous(part.inner)) this.isRisky = true
    const isNullable = part.isNullable || min === 0
    alternative?.push({ ...part, inner: undefined, isLoop: part.isLoop || isLoop, isNullable })
  }

  #push(part: Part): void {
    this.#open.at(-1)?.at(-1)?.push(part)
  }

  #bytesOf(source: string): ReadonlySet<number> {
    const known = this.#bytes.get(source)
    if (known !== undefined) return known
    const one = new RegExp(`^(?:${source})$`, this.#flags())
    const all = Array.from({ length: BYTE_COUNT }, (_, code) => code)
    const bytes = new Set(all.filter(code => one.test(String.fromCharCode(code))))
    this.#bytes.set(source, bytes)
    return bytes
  }
}

/** Whether the end of a loop and what follows it overlap when the group is repeated. */
function isAmbiguous(group: readonly (readonly Part[])[]): boolean {
  const alternatives = group.map(flatten)
  const singles = alternatives.filter(parts => parts.length === 1).map(([part]) => part)
  if (singles.some((part, index) => singles.slice(0, index).some(other => overlap(part, other)))) {
    return true
  }
  return alternatives.some(parts =>
    parts.some((loop, index) => {
      if (!loop.isLoop) return false
      const rest = parts.slice(index + 1)
      if (meets(loop, rest)) return true
      return rest.every(part => part.isNullable) && alternatives.some(next => meets(loop, next))
    }),
  )
}

/** Whether a loop overlaps one of the parts up to the first that cannot be empty. */
function meets(loop: Part, parts: readonly Part[]): boolean {
  for (const part of parts) {
    if (overlap(loop, part)) return true
    if (!part.isNullable) return false
  }
  return false
}

function flatten(parts: readonly Part[]): readonly Part[] {
  return parts.flatMap(part => {
    const [only, ...others] = part.inner ?? []
    return only === undefined || others.length > 0 ? [part] : flatten(only)
  })
}

function overlap(one: Part, other: Part): boolean {
  return [...one.bytes].some(byte => other.bytes.has(byte))
}

/** @returns a search that ends in a bounded time, and whether that needed a time limit */
export function boundedSearch(
  regexp: RegExp,
  { isRisky, loopCount }: Pick<BacktrackingCheck, 'isRisky' | 'loopCount'>,
): { readonly find: Search; readonly isTimed: boolean } {
  const search: Search = subject => regexp.exec(subject)
  if (loopCount === 0 || isLinear(regexp)) return { find: search, isTimed: false }
  const timed = timedSearch(search, regexp)
  if (isRisky) return { find: timed, isTimed: true }
  if (loopCount === 1) return { find: search, isTimed: false }
  const find: Search = subject =>
    subject.length > SHORT_SUBJECT_SIZE ? timed(subject) : search(subject)
  return { find, isTimed: false }
}

/**
 * Whether V8 can search for the pattern in linear time. Makes V8 do so for all such patterns of the
 * process when they backtrack too much: https://v8.dev/blog/non-backtracking-regexp
 */
function isLinear({ source, flags }: RegExp): boolean {
  try {
    setFlagsFromString('--enable-experimental-regexp-engine')
    setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')
    return new RegExp(source, `${flags}l`).flags.includes('l')
  } catch {
    return false
  }
}

/** The watchdog of `node:vm` ends a search as well; it costs about 60 us a search. */
function timedSearch(search: Search, { source }: RegExp): Search {
  const script = new Script('search()')
  const scope = createContext({ search: () => {} })
  return subject => {
    let found: RegExpExecArray | null = null
    scope.search = () => {
      found = search(subject)
    }
    try {
      script.runInContext(scope, { timeout: SEARCH_LIMIT_MS })
    } catch (cause) {
      const size = `a subject of ${subject.length} bytes`
      const message = `the search for ${source} in ${size} took over ${SEARCH_LIMIT_MS} ms`
      throw new Error(message, { cause })
    }
    return found
  }
}
