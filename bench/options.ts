/**
 * The command line: `npm run bench -- [--seconds N] [--rounds N] [--size small] [candidate ...]`,
 * or `npm run bench -- NAME [--items N] [--rounds N]` for others (benchmarks.ts).
 */

import { parseArgs } from 'node:util'
import { requireInteger, requireOneOf } from '../src/base/index.ts'
import { CANDIDATES, type CandidateName } from './compare/candidates.ts'

const KEY_COUNTS = { normal: 10_000, small: 1_000 } as const

export interface BenchOptions {
  /** Time spent measuring, shared by all samples; starting and warming up come on top. */
  readonly seconds: number
  readonly rounds: number
  readonly keyCount: number
  readonly candidates: readonly CandidateName[]
}

export function parseOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '32' },
      rounds: { type: 'string', default: '5' },
      size: { type: 'string', default: 'normal' },
    },
  })
  const size = requireOneOf('--size', values.size, ['normal', 'small'])
  const named = positionals.map(name => requireOneOf('candidate', name, CANDIDATES))
  return {
    seconds: requireInteger('--seconds', Number(values.seconds), 1, 3600),
    rounds: requireInteger('--rounds', Number(values.rounds), 1, 1000),
    keyCount: KEY_COUNTS[size],
    candidates: named.length > 0 ? named : CANDIDATES,
  }
}

export interface RoundOptions {
  readonly itemCount: number
  readonly rounds: number
}

export function parseRoundOptions(
  args: readonly string[],
  defaults: { readonly items: number } = { items: 1_000_000 },
): RoundOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      items: { type: 'string', default: String(defaults.items) },
      rounds: { type: 'string', default: '5' },
    },
  })
  return {
    itemCount: requireInteger('--items', Number(values.items), 1000, 10_000_000),
    rounds: requireInteger('--rounds', Number(values.rounds), 1, 1000),
  }
}
