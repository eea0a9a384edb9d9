/**
 * Runs targets: mutated inputs from one seed, with limits on time and memory.
 */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { randomFrom } from '../../testing/random.ts'
import { COMMAND_TARGETS } from './command-targets.ts'
import { mutate } from './mutate.ts'
import type { FuzzTarget } from './target.ts'
import { TEXT_TARGETS } from './text-targets.ts'
import { Watchdog } from './watchdog.ts'
import { WIRE_TARGETS } from './wire-targets.ts'

export const TARGETS: readonly FuzzTarget[] = [...WIRE_TARGETS, ...COMMAND_TARGETS, ...TEXT_TARGETS]

export interface FuzzOutcome {
  readonly target: string
  readonly inputCount: number
  readonly elapsedMs: number
  readonly slowestMs: number
  /** Growth of the memory in use from the end of the first tenth to the end of the run. */
  readonly grownSize: number
}

/** An input that takes more processor time is a fault, even at the greatest length. */
const MAX_INPUT_MS = 500
/** After this much processor time on one input, the target counts as hanging. */
const HANG_CPU_MS = 100 * MAX_INPUT_MS
const MAX_GROWN_SIZE = 16 * 1024 * 1024

/**
 * Runs one target. An input at which the target hangs ends the process.
 *
 * @throws Error with the input at the first broken promise
 */
export function fuzzTarget(
  target: FuzzTarget,
  inputCount: number,
  seed: number,
  hangCpuMs = HANG_CPU_MS,
): FuzzOutcome {
  const random = randomFrom(seed ^ hashOf(target.name))
  const begin = performance.now()
  let slowestMs = 0
  let sizeBefore = 0
  const watchdog = new Watchdog(`${target.name}, seed ${seed}`, hangCpuMs)
  try {
    for (let count = 0; count < inputCount; count++) {
      if (count === Math.floor(inputCount / 10)) sizeBefore = usedSize()
      const input = mutate(target.seeds, target.tokens ?? [], random)
      watchdog.begin(input)
      const inputMs = timeOf(() => runOne(target, input, random, seed))
      slowestMs = Math.max(slowestMs, inputMs)
    }
    target.finish?.()
  } finally {
    watchdog.stop()
  }
  const grownSize = usedSize() - sizeBefore
  const elapsedMs = performance.now() - begin
  if (grownSize > MAX_GROWN_SIZE) throw new Error(`${target.name} kept ${grownSize} bytes`)
  return { target: target.name, inputCount, elapsedMs, slowestMs, grownSize }
}

function runOne(
  target: FuzzTarget,
  input: Buffer,
  random: ReturnType<typeof randomFrom>,
  seed: number,
) {
  try {
    target.run(input, random)
  } catch (error) {
    const what = `${target.name}, seed ${seed}, input ${input.toString('hex')}`
    throw new Error(`${what}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}

/** Repeats a slow input and counts only processor time, so that a pause of the machine passes. */
function timeOf(act: () => void): number {
  const begin = performance.now()
  act()
  const elapsedMs = performance.now() - begin
  if (elapsedMs < MAX_INPUT_MS) return elapsedMs
  const used = process.cpuUsage()
  act()
  const { user } = process.cpuUsage(used)
  if (user / 1000 > MAX_INPUT_MS) throw new Error(`one input took ${user / 1000} ms`)
  return user / 1000
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

export function usedSize(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function hashOf(name: string): number {
  return [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) | 0, 0)
}
