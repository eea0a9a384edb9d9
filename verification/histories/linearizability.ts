/**
 * Whether a history of concurrent operations on one item is linearizable: some order of the
 * operations explains all answers, with each operation at a moment between its call and its answer.
 *
 * The search is that of Wing and Gong. As Lowe proposes, it remembers each combination of state and
 * completed operations that it has tried.
 * https://www.cs.ox.ac.uk/people/gavin.lowe/LinearizabiltyTesting/paper.pdf
 */

import { type Action, effectOf, type State } from './sequential.ts'

export interface Operation {
  readonly key: string
  readonly action: Action
  readonly result: State | boolean
  /** Nanoseconds of a clock that all processes share. */
  readonly calledAt: number
  readonly answeredAt: number
}

/** A call or an answer, in a list ordered by time. Completed operations are unlinked from it. */
interface Entry {
  readonly operation: Operation | undefined
  readonly index: number
  /** The answer to a call; undefined for an answer. */
  answer: Entry | undefined
  previous: Entry | undefined
  next: Entry | undefined
}

/** @returns the keys whose operations fit no order */
export function brokenKeys(history: readonly Operation[]): string[] {
  const keys = new Map<string, Operation[]>()
  for (const operation of history) {
    const own = keys.get(operation.key)
    if (own === undefined) keys.set(operation.key, [operation])
    else own.push(operation)
  }
  return [...keys].filter(([, own]) => !isLinearizable(own)).map(([key]) => key)
}

/** @param operations - The operations on one item, which is absent at first. */
export function isLinearizable(operations: readonly Operation[]): boolean {
  const head = linkEntries(operations)
  const tried = new Set<string>()
  const done: { entry: Entry; state: State }[] = []
  let doneBits = 0n
  let state: State
  let entry = head.next
  while (head.next !== undefined) {
    if (entry?.answer !== undefined && entry.operation !== undefined) {
      const effect = effectOf(entry.operation.action, state)
      const bits = doneBits | (1n << BigInt(entry.index))
      if (effect.result === entry.operation.result && isNew(tried, bits, effect.state)) {
        done.push({ entry, state })
        state = effect.state
        doneBits = bits
        unlink(entry)
        entry = head.next
      } else entry = entry.next
      continue
    }
    // This answer precedes its operation, so the last choice was wrong.
    const last = done.pop()
    if (last === undefined) return false
    state = last.state
    doneBits &= ~(1n << BigInt(last.entry.index))
    relink(last.entry)
    entry = last.entry.next
  }
  return true
}

function isNew(tried: Set<string>, bits: bigint, state: State): boolean {
  const key = `${bits.toString(36)} ${typeof state} ${state}`
  if (tried.has(key)) return false
  tried.add(key)
  return true
}

function linkEntries(operations: readonly Operation[]): Entry {
  const none = { answer: undefined, previous: undefined, next: undefined }
  const events = operations.flatMap((operation, index) => {
    const answer: Entry = { ...none, operation: undefined, index }
    const call: Entry = { ...none, operation, index, answer }
    return [
      { atNs: operation.calledAt, entry: call },
      { atNs: operation.answeredAt, entry: answer },
    ]
  })
  // Calls come before answers of the same moment, because the operations overlap.
  events.sort((a, b) => a.atNs - b.atNs || rank(a.entry) - rank(b.entry))
  const head: Entry = { ...none, operation: undefined, index: -1 }
  let last = head
  for (const { entry } of events) {
    last.next = entry
    entry.previous = last
    last = entry
  }
  return head
}

function rank({ answer }: Entry): number {
  return answer === undefined ? 1 : 0
}

function unlink(call: Entry): void {
  for (const entry of [call, call.answer]) {
    if (entry?.previous !== undefined) entry.previous.next = entry.next
    if (entry?.next !== undefined) entry.next.previous = entry.previous
  }
}

/** Reverts `unlink`, in the opposite order. */
function relink(call: Entry): void {
  for (const entry of [call.answer, call]) {
    if (entry?.previous !== undefined) entry.previous.next = entry
    if (entry?.next !== undefined) entry.next.previous = entry
  }
}
