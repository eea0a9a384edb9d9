/**
 * A process that measures one JavaScript candidate: `worker.js NAME DIR SOCKET KEY_COUNT`.
 *
 * Each candidate has its own processes, so that V8's feedback from one does not slow down another.
 */

import { deepStrictEqual } from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { answer } from '../../testing/child-side.ts'
import type { OpenSubject, Subject } from './candidate.ts'
import type { Request, Response, Task } from './messages.ts'
import { type TimedLoop, timedLoop } from './timed-loop.ts'
import {
  BYTES_VALUE,
  chunksOf,
  itemCount,
  keysOf,
  OBJECT_VALUE,
  OPERATIONS,
  type Operation,
  STRING_VALUE,
} from './workload.ts'

/** Timers are inexact, so the process spins for this long before the start. */
const AWAKE_MS = 2

const [name = '', dir = '', socketPath = '', keyCountText = ''] = process.argv.slice(2)
const keyCount = Number(keyCountText)
const { open }: { open: OpenSubject } = await import(`./candidates/${name}.js`)
const subject = await open({ dir, socketPath, itemCount: itemCount(keyCount) })
const loops = new Map<Operation, TimedLoop>()
const passes = new Map<Operation, TimedLoop>()
for (const operation of OPERATIONS) {
  const keys = keysOf(operation, keyCount)
  const call = subject.operations[operation]
  loops.set(operation, timedLoop(subject.calls, call, chunksOf(keys)))
  // A pass over all keys brings their memory into the caches, which a round trip does not need.
  const pass = subject.calls === 'async' ? chunksOf(keys).slice(0, 1) : [keys]
  passes.set(operation, timedLoop(subject.calls, call, pass))
}

answer<Request, Response>(async request => {
  if (request.kind === 'measure') return { kind: 'timing', timing: await measure(request.task) }
  if (request.kind === 'fill') await fill(subject)
  if (request.kind === 'warm') await passes.get(request.operation)?.(0)
  if (request.kind === 'check') await check(subject)
  if (request.kind === 'close') await subject.close()
  return { kind: 'done' }
})

async function measure({ operation, startAtNs, durationMs }: Task) {
  const loop = loops.get(operation)
  if (loop === undefined) throw new Error(`no operation ${operation}`)
  await delay(msUntil(startAtNs) - AWAKE_MS)
  while (msUntil(startAtNs) > 0);
  const { callCount, elapsedMs, cpuMs } = await loop(durationMs)
  return { callCount, elapsedMs, cpuMs }
}

function msUntil(atNs: bigint): number {
  return Number(atNs - process.hrtime.bigint()) / 1e6
}

async function fill({ store }: Subject): Promise<void> {
  for (const operation of OPERATIONS) {
    for (const key of keysOf(operation, keyCount)) await store(operation, key)
  }
}

/** Checks one key of each operation before any is timed, since a fast wrong answer is worthless. */
async function check({ operations }: Subject): Promise<void> {
  const give = (operation: Operation) =>
    operations[operation](keysOf(operation, keyCount).at(-1) ?? '')
  deepStrictEqual(await give('get string'), STRING_VALUE, name)
  deepStrictEqual(Buffer.from((await give('get bytes')) as Uint8Array), BYTES_VALUE, name)
  deepStrictEqual(await give('get object'), OBJECT_VALUE, name)
  deepStrictEqual(Boolean(await give('has')), true, name)
  await give('set')
  const before = Number(await give('increment'))
  deepStrictEqual(Number(await give('increment')), before + 1, name)
}
