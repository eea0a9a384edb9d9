/**
 * All processes load a cold key once, also when the process that loads is killed or stopped.
 */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { Child } from '../../testing/child.ts'
import { within } from '../../testing/deadline.ts'
import { openHere, ownCache } from './cache-process.ts'
import type { LoadReply, LoadTask } from './loading-child.ts'

const PROCESS_COUNT = 4
const REQUEST_COUNT = 250

type Loader = Child<LoadTask, LoadReply>

interface Setting {
  /** The process that loads. */
  readonly leader: Loader
  readonly others: readonly Loader[]
}

describe('of four processes that ask for a cold key 250 times each', () => {
  test('exactly one loads it, once, and all get that value', async t => {
    const { leader, others } = await startAsking(t)
    leader.send({ kind: 'finish', value: 'loaded' })
    await assertAnswered([leader, ...others], 'loaded')
  })

  test('one more loads it when the first is killed, and all others get that value', async t => {
    const { leader, others } = await startAsking(t)
    await leader.kill()
    // A lease of 2 s and a nap; the rest of the limit is for a loaded machine.
    const [next, rest] = await within('another to load', firstToLoad(others))
    next.send({ kind: 'finish', value: 'loaded again' })
    await assertAnswered([next, ...rest], 'loaded again')
  })

  test('one more loads it when the first is stopped, which goes on and harms nobody', async t => {
    const { leader, others } = await startAsking(t)
    process.kill(leader.pid, 'SIGSTOP')
    const [next, rest] = await firstToLoad(others)
    process.kill(leader.pid, 'SIGCONT')
    leader.send({ kind: 'finish', value: 'of the first' })
    next.send({ kind: 'finish', value: 'of the next' })
    await assertAnswered([next, ...rest], 'of the next')
    // The key may have changed while the first was stopped, so only its own caller gets its value.
    const values = { 'of the first': 1, 'of the next': REQUEST_COUNT - 1 }
    assert.deepEqual(await peek(leader), { kind: 'answered', values })
  })
})

/** Starts all, and waits until one of them loads. */
async function startAsking(t: TestContext): Promise<Setting> {
  const options = ownCache(t, { maxItems: 100 })
  openHere(t, options)
  const script = new URL('./loading-child.js', import.meta.url)
  const children = await Promise.all(
    Array.from({ length: PROCESS_COUNT }, () => Child.start<LoadTask, LoadReply>(t, script)),
  )
  for (const child of children) {
    assert.equal((await child.ask({ kind: 'open', options })).kind, 'opened')
  }
  for (const child of children) child.send({ kind: 'ask', times: REQUEST_COUNT })
  const [leader, others] = await firstToLoad(children)
  return { leader, others }
}

const upcoming = new WeakMap<Loader, Promise<LoadReply>>()

/** The next message of a child, asked for once and kept until a caller takes it. */
function peek(child: Loader): Promise<LoadReply> {
  const reply = upcoming.get(child) ?? child.next(60_000)
  upcoming.set(child, reply)
  return reply
}

async function firstToLoad(children: readonly Loader[]): Promise<[Loader, Loader[]]> {
  const [leader, reply] = await Promise.race(
    children.map(async child => [child, await peek(child)] as const),
  )
  assert.equal(reply.kind, 'loading')
  upcoming.delete(leader)
  return [leader, children.filter(child => child !== leader)]
}

/** No child reports a load: the next message of each child is that it has all its answers. */
async function assertAnswered(children: readonly Loader[], value: string): Promise<void> {
  for (const child of children) {
    const reply = await peek(child)
    upcoming.delete(child)
    assert.deepEqual(reply, { kind: 'answered', values: { [value]: REQUEST_COUNT } })
  }
}
