/**
 * `npm run bench -- restore`: how long it takes until a store serves all its items again, after
 * a close, a kill and a power loss.
 *
 * Each step runs in its own process, as in production. The file stays in the page cache of the
 * system. A disk would add the time to read the file once.
 */

import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Child } from '../../testing/child.ts'
import { readCommandLine } from '../../testing/command-line.ts'
import type { Scope } from '../../testing/scope.ts'
import { median } from '../../testing/statistics.ts'
import { StoreFile } from '../../testing/store-file.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import { VALUE_SIZE } from '../compare/workload.ts'
import { roundsOption, sizeOption } from '../options.ts'
import { printMachine } from '../report.ts'
import { ratios } from '../results.ts'
import type { RestoreRequest, RestoreTimes } from './restore-child.ts'

const ITEM_COUNTS = { normal: 1_000_000, small: 10_000 } as const

/** Long enough for a million items on a slow machine. */
const ANSWER_LIMIT_MS = 600_000

const STEPS = [
  'insert all items',
  'close',
  'open after a close',
  'open, set after a kill inside a set',
  'open after a power loss',
] as const

type Step = (typeof STEPS)[number]

const COMMAND = {
  name: 'npm run bench -- restore',
  summary: ['Measure how long it takes until a store serves all its items again, after each end.'],
  options: { size: sizeOption(), rounds: roundsOption(5) },
}

export async function benchRestore(scope: Scope, args: readonly string[]): Promise<void> {
  const { size, rounds } = readCommandLine(COMMAND, args)
  const itemCount = ITEM_COUNTS[size]
  printMachine()
  console.log(`workload  ${itemCount} items of ${VALUE_SIZE} bytes in a store, ${rounds} rounds`)
  const times = new Map<Step, number[]>(STEPS.map(step => [step, []]))
  const store = join(tempDir(scope), 'restore.store')
  for (let round = 0; round < rounds; round++) {
    const measured = await measureRound(scope, { store, itemCount })
    for (const step of STEPS) times.get(step)?.push(measured[step])
    if (round === 0) console.log(`file      ${(statSync(store).size / 2 ** 20).toFixed(1)} MiB`)
    rmSync(store)
    console.log(`round ${round + 1} of ${rounds} measured`)
  }
  printTimes(times)
}

async function measureRound(
  scope: Scope,
  task: Omit<RestoreRequest, 'kind'>,
): Promise<Record<Step, number>> {
  const run = async (kind: RestoreRequest['kind']): Promise<RestoreTimes> => {
    const script = new URL('./restore-child.js', import.meta.url)
    const child = await Child.start<RestoreRequest, RestoreTimes>(scope, script)
    const answer = child.ask({ kind, ...task }, ANSWER_LIMIT_MS)
    if (kind === 'die') {
      await Promise.allSettled([answer, child.exit])
      return { openMs: 0, workMs: 0, closeMs: 0 }
    }
    const times = await answer
    await child.kill()
    return times
  }
  const filled = await run('fill')
  const closed = await run('read')
  await run('die')
  const killed = await run('write')
  await run('die')
  new StoreFile(task.store).restartMachine()
  const lost = await run('read')
  return {
    'insert all items': filled.workMs,
    close: filled.closeMs,
    'open after a close': closed.openMs,
    'open, set after a kill inside a set': killed.openMs + killed.workMs,
    'open after a power loss': lost.openMs,
  }
}

function printTimes(times: ReadonlyMap<Step, readonly number[]>): void {
  const inserts = times.get('insert all items') ?? []
  console.log('\nmilliseconds: median (least..most), and the median of its ratios to inserting')
  for (const [step, ms] of times) {
    const [middle, least, most] = [median(ms), Math.min(...ms), Math.max(...ms)].map(value =>
      value.toFixed(value < 10 ? 1 : 0),
    )
    const ratio = median(ratios(ms, inserts)).toFixed(3)
    console.log(`${step.padEnd(38)}${`${middle} (${least}..${most})`.padStart(26)}   ${ratio}`)
  }
  console.log(
    '\nAfter a power loss, the checksum of each item is verified. After a kill, only the index of',
  )
  console.log('the items is rebuilt. The file was in the page cache each time.')
}
