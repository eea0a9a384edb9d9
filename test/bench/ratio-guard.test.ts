/**
 * A guard against regressions of the hot paths. It compares the least processor time of many short
 * samples with that of the same work on a private Map of bytes, measured alternately. Limits are
 * two to three times the usual ratios, so only a path that became several times slower fails.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Subject } from '../../bench/compare/candidate.ts'
import { open as openMap } from '../../bench/compare/candidates/map.ts'
import { open as openUndercroft } from '../../bench/compare/candidates/undercroft.ts'
import { open as openShared } from '../../bench/compare/candidates/undercroft-shared.ts'
import { timedLoop } from '../../bench/compare/timed-loop.ts'
import {
  chunksOf,
  itemCount,
  keysOf,
  OPERATIONS,
  type Operation,
} from '../../bench/compare/workload.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { tempDir } from '../../testing/temp-dir.ts'

/** Few enough for the processor's caches, so that other programs have little effect. */
const KEY_COUNT = 500
const SAMPLE_MS = 4
const ROUNDS = 60

const OURS = { near: openUndercroft, shared: openShared } as const

const LIMITS: readonly (readonly [keyof typeof OURS, Operation, number])[] = [
  ['near', 'get string', 2],
  ['shared', 'get string', 4],
  ['shared', 'get object', 4],
  ['shared', 'set', 6],
]

describe('a hot path costs no more than so many times what a Map of bytes costs', () => {
  for (const [kind, operation, limit] of LIMITS) {
    test(`${kind}, ${operation}: ${limit} times`, async t => {
      const location = { dir: tempDir(t), socketPath: '', itemCount: itemCount(KEY_COUNT) }
      const ours = sampler(t, OURS[kind](location), operation)
      const plain = sampler(t, openMap(), operation)
      let [ownNs, plainNs] = [Infinity, Infinity]
      for (let round = 0; round < ROUNDS; round++) {
        ownNs = Math.min(ownNs, await ours())
        plainNs = Math.min(plainNs, await plain())
      }
      const figures = `${ownNs.toFixed(0)} ns against ${plainNs.toFixed(0)}`
      t.diagnostic(figures)
      assert.ok(ownNs <= limit * plainNs, figures)
    })
  }
})

/** @returns a function that takes one sample: nanoseconds of processor time per operation */
function sampler(scope: Scope, subject: Subject, operation: Operation): () => Promise<number> {
  onEnd(scope, () => subject.close())
  for (const name of OPERATIONS) {
    for (const key of keysOf(name, KEY_COUNT)) subject.store(name, key)
  }
  const chunks = chunksOf(keysOf(operation, KEY_COUNT))
  const loop = timedLoop(subject.calls, subject.operations[operation], chunks)
  return async () => {
    const { callCount, cpuMs } = await loop(SAMPLE_MS)
    return (cpuMs * 1e6) / callCount
  }
}
