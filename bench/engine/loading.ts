/**
 * `npm run bench -- loading`: what `getOrSet` costs when the value is there.
 *
 * Both calls are awaited, as callers of `getOrSet` do. The promise of `getOrSet` is then the only
 * difference that loading makes to a hit. Processor time, so that a busy machine matters less.
 */

import { Cache, type GetOrSetOptions } from '../../src/index.ts'
import { readCommandLine } from '../../testing/command-line.ts'
import type { Scope } from '../../testing/scope.ts'
import { chunksOf, STRING_VALUE } from '../compare/workload.ts'
import { type Goal, goalLine } from '../goal.ts'
import { roundsOption } from '../options.ts'
import { printMachine } from '../report.ts'
import { ratios } from '../results.ts'

const KEY_COUNT = 10_000
const TTL_MS = 3_600_000

const COMMAND = {
  name: 'npm run bench -- loading',
  summary: ['Measure the cost of getOrSet for a value that is there.'],
  options: { rounds: roundsOption(20) },
}

const OPTIONS: readonly (readonly [string, GetOrSetOptions, number | undefined])[] = [
  ['ttlMs', { ttlMs: TTL_MS }, 1.2],
  ['staleMs and staleIfErrorMs', { ttlMs: TTL_MS, staleMs: 1000, staleIfErrorMs: 1000 }, 1.2],
  ['refreshAheadMs', { ttlMs: TTL_MS, refreshAheadMs: 1000 }, undefined],
]

export async function benchLoading(_scope: Scope, args: readonly string[]): Promise<void> {
  const { rounds } = readCommandLine(COMMAND, args)
  printMachine()
  console.log(`workload  ${KEY_COUNT} strings of ${STRING_VALUE.length}, ${rounds} rounds\n`)
  for (const goal of await measureLoading(rounds)) console.log(goalLine(goal))
}

/** @returns the ratio of `getOrSet` to `get`, with near copies and without */
export async function measureLoading(rounds: number, keyCount = KEY_COUNT): Promise<Goal[]> {
  const goals: Goal[] = []
  for (const [kind, near] of [
    ['shared', false],
    ['near', {}],
  ] as const) {
    for (const [name, options, limit] of OPTIONS) {
      const cache = Cache.open<string>({
        ...{ name: `bench-loading-${kind}`, memory: 'private', maxItems: keyCount * 2, near },
      })
      const keys = Array.from({ length: keyCount }, (_, i) => `user:${i}:profile`)
      for (const key of keys) cache.set(key, STRING_VALUE, { ttlMs: TTL_MS })
      const title = `getOrSet with ${name} / get, both awaited, ${kind} hits`
      goals.push({ title, limit, best: 'low', ratios: await compare(cache, keys, options, rounds) })
      cache.destroy()
    }
  }
  return goals
}

async function compare(
  cache: Cache<string>,
  keys: readonly string[],
  options: GetOrSetOptions,
  rounds: number,
): Promise<number[]> {
  const load = () => 'not there'
  const get = async (chunk: readonly string[]) => {
    for (const key of chunk) await cache.get(key)
  }
  const getOrSet = async (chunk: readonly string[]) => {
    for (const key of chunk) await cache.getOrSet(key, load, options)
  }
  const gets: number[] = []
  const loads: number[] = []
  // Round 0 only warms up. Both measure each chunk in direct succession.
  for (let round = 0; round <= rounds; round++) {
    let getMs = 0
    let loadMs = 0
    for (const [index, chunk] of chunksOf(keys).entries()) {
      if (index % 2 === 0) getMs += await cpuMsOf(get, chunk)
      loadMs += await cpuMsOf(getOrSet, chunk)
      if (index % 2 === 1) getMs += await cpuMsOf(get, chunk)
    }
    gets.push(getMs)
    loads.push(loadMs)
  }
  return ratios(loads, gets).slice(1)
}

async function cpuMsOf(
  run: (chunk: readonly string[]) => Promise<void>,
  chunk: readonly string[],
): Promise<number> {
  const before = process.cpuUsage()
  await run(chunk)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
