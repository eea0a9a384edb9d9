/**
 * After a death: whether the cache holds what the notebook of the dead says, and its notebook put
 * right for its next life.
 *
 * Nobody else writes those items, so they can be judged while all others go on.
 */

import type { Cache } from '../../src/index.ts'
import type { Mode } from './modes.ts'
import { KEY_COUNT, type Notebook } from './notebook.ts'
import { readValue } from './patterns.ts'
import { counterOf, faultOf, keyOf, mayEnd } from './player.ts'

export interface Case {
  readonly name: string
  readonly mode: Mode
  readonly cache: Cache
  readonly notebook: Notebook
}

/** What is wrong. Afterwards the notebook says what is there, and that nothing is under way. */
export function judge(subject: Case): string[] {
  const { cache, notebook } = subject
  notebook.read()
  const faults = notebook.fault === '' ? [] : [notebook.fault]
  for (let key = 0; key < KEY_COUNT; key++) faults.push(...judgeItem(subject, key))
  faults.push(...judgeCounter(subject))
  faults.push(...cache.verify().problems)
  notebook.pending = { kind: 'nothing' }
  notebook.write()
  return faults
}

function judgeItem({ name, mode, cache, notebook }: Case, key: number): string[] {
  const { pending } = notebook
  const before = notebook.version(key)
  const isPending = pending.kind === 'item' && pending.key === key
  const allowed = isPending ? [before, pending.after] : [before]
  const mayBeGone = !mode.keepsAll || mayEnd(key) || (isPending && !pending.keeps)
  const askedAtMs = Date.now()
  const value = cache.get(keyOf(name, key))
  if (value === undefined) {
    if (!allowed.includes(0) && !mayBeGone) return [`${keyOf(name, key)} was lost`]
    if (isPending) notebook.setItem(key, 0, 0)
    return []
  }
  const fault = faultOf(value, keyOf(name, key), askedAtMs)
  if (fault !== undefined) return [`${keyOf(name, key)} ${fault}`]
  const { version = 0, endsAtMs = 0 } = readValue(value) ?? {}
  if (!allowed.includes(version)) {
    return [`${keyOf(name, key)} is of version ${version}, and not of ${allowed.join(' or ')}`]
  }
  notebook.setItem(key, version, endsAtMs)
  return []
}

function judgeCounter({ name, mode, cache, notebook }: Case): string[] {
  const { pending, counter } = notebook
  const allowed: unknown[] = pending.kind === 'counter' ? [counter, pending.after] : [counter]
  const found = cache.get(counterOf(name))
  const value = found ?? 0
  if (mode.keepsAll ? !allowed.includes(value) : !Number.isInteger(value)) {
    return [`${counterOf(name)} is ${found}, and not ${allowed.join(' or ')}`]
  }
  notebook.counter = value as number
  return []
}
