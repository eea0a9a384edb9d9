/**
 * The command line: `npm run bench` for the comparison, `npm run bench -- NAME` for the others
 * (benchmarks.ts).
 */

import { choiceOption, integerOption, readCommandLine } from '../testing/command-line.ts'
import { CANDIDATES, type CandidateName } from './compare/candidates.ts'

const KEY_COUNTS = { normal: 10_000, small: 1_000 } as const

/** The options that several benchmarks share. */
export const sizeOption = () => choiceOption('Size of the workload', ['normal', 'small'], 'normal')

export const roundsOption = (fallback: number) =>
  integerOption('Number of rounds; each measures everything once', { fallback, min: 1, max: 1000 })

export const secondsOption = (fallback: number) =>
  integerOption('Time spent measuring, shared by all samples', { fallback, min: 1, max: 3600 })

export const itemsOption = (fallback: number) =>
  integerOption('Items of the cache', { fallback, min: 1000, max: 10_000_000 })

export interface BenchOptions {
  /** Time spent measuring, shared by all samples; starting and warming up come on top. */
  readonly seconds: number
  readonly rounds: number
  readonly keyCount: number
  readonly candidates: readonly CandidateName[]
}

/** @param others - benchmarks that have a command line of their own, for the help */
export function parseOptions(
  args: readonly string[],
  others: readonly string[] = [],
): BenchOptions {
  const command = {
    name: 'npm run bench',
    summary: [
      'Measure this package against other caches, alternately within one run. Candidates that ' +
        'are not installed are skipped; npm run bench:peers installs them.',
      `Other benchmarks have options of their own: npm run bench -- NAME --help, where NAME is ` +
        `${others.join(', ')}.`,
    ],
    options: { seconds: secondsOption(32), rounds: roundsOption(5), size: sizeOption() },
    operands: {
      name: 'CANDIDATE',
      help: `Measure only these: ${CANDIDATES.join(', ')}`,
      allowed: CANDIDATES,
    },
  }
  const { seconds, rounds, size, operands } = readCommandLine(command, args)
  const candidates = CANDIDATES.filter(name => operands.length === 0 || operands.includes(name))
  return { seconds, rounds, keyCount: KEY_COUNTS[size], candidates }
}

export interface RoundOptions {
  readonly itemCount: number
  readonly rounds: number
}

/** The options of a benchmark of this package alone; `summary` says what it measures. */
export function parseRoundOptions(
  args: readonly string[],
  { name = 'growth', summary = '', items = 1_000_000 } = {},
): RoundOptions {
  const command = {
    name: `npm run bench -- ${name}`,
    summary: [summary],
    options: { items: itemsOption(items), rounds: roundsOption(5) },
  }
  const { items: itemCount, rounds } = readCommandLine(command, args)
  return { itemCount, rounds }
}
