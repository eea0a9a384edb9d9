/**
 * The command line: `npm run chaos -- [--kills N] [--seconds S] [--seed X] [--mode TEXT]`.
 */

import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { invalidOption, requireInteger } from '../../src/base/index.ts'
import { MODES, type Mode } from './modes.ts'

export interface ChaosOptions {
  /** Shared by all modes. */
  readonly kills: number
  /** No kill starts later, even if some are left. */
  readonly seconds: number
  readonly seed: number
  readonly modes: readonly Mode[]
}

export function parseChaosOptions(args: readonly string[]): ChaosOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kills: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '3600' },
      seed: { type: 'string', default: String(randomInt(2 ** 31)) },
      mode: { type: 'string', default: '' },
    },
  })
  const modes = MODES.filter(({ name }) => name.includes(values.mode))
  if (modes.length === 0) {
    const names = MODES.map(({ name }) => name).join('; ')
    throw invalidOption('--mode', `a part of one of these names: ${names}`, values.mode)
  }
  return {
    kills: requireInteger('--kills', Number(values.kills), 1, 1_000_000),
    seconds: requireInteger('--seconds', Number(values.seconds), 1, 86_400),
    seed: requireInteger('--seed', Number(values.seed), 0, 2 ** 31 - 1),
    modes,
  }
}
