/**
 * The check after a kill: the cache must hold what the operation log of the killed worker says. The
 * log is then corrected for the worker's next start.
 *
 * No other worker writes these items, so the check can run while all others continue.
 */

import type { Cache } from '../../src/index.ts'
import { counterOf, faultOf, keyOf, mayEnd } from './logged-calls.ts'
import type { Mode } from './modes.ts'
import { KEY_COUNT, type OperationLog } from './operation-log.ts'
import { readValue } from './patterns.ts'

export interface DeadWorker {
  readonly name: string
  readonly mode: Mode
  readonly cache: Cache
  readonly log: OperationLog
}

/**
 * Afterwards the log agrees with the cache and has no pending operation.
 *
 * @returns one line for each fault
 */
export function checkInvariants(subject: DeadWorker): string[] {
  const { cache, log } = subject
  log.read()
  const faults = log.fault === '' ? [] : [log.fault]
  for (let key = 0; key < KEY_COUNT; key++) faults.push(...checkItem(subject, key))
  faults.push(...checkCounter(subject))
  faults.push(...cache.verify().problems)
  log.pending = { kind: 'nothing' }
  log.write()
  return faults
}

function checkItem({ name, mode, cache, log }: DeadWorker, key: number): string[] {
  const { pending } = log
  const before = log.version(key)
  const isPending = pending.kind === 'item' && pending.key === key
  const allowed = isPending ? [before, pending.after] : [before]
  const mayBeGone = !mode.keepsAll || mayEnd(key) || (isPending && !pending.keeps)
  const askedAtMs = Date.now()
  const value = cache.get(keyOf(name, key))
  if (value === undefined) {
    if (!allowed.includes(0) && !mayBeGone) return [`${keyOf(name, key)} was lost`]
    if (isPending) log.setItem(key, 0, 0)
    return []
  }
  const fault = faultOf(value, keyOf(name, key), askedAtMs)
  if (fault !== undefined) return [`${keyOf(name, key)} ${fault}`]
  const { version = 0, endsAtMs = 0 } = readValue(value) ?? {}
  if (!allowed.includes(version)) {
    return [`${keyOf(name, key)} is of version ${version}, and not of ${allowed.join(' or ')}`]
  }
  log.setItem(key, version, endsAtMs)
  return []
}

function checkCounter({ name, mode, cache, log }: DeadWorker): string[] {
  const { pending, counter } = log
  const allowed: unknown[] = pending.kind === 'counter' ? [counter, pending.after] : [counter]
  const found = cache.get(counterOf(name))
  const value = found ?? 0
  if (mode.keepsAll ? !allowed.includes(value) : !Number.isInteger(value)) {
    return [`${counterOf(name)} is ${found}, and not ${allowed.join(' or ')}`]
  }
  log.counter = value as number
  return []
}
