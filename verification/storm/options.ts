/**
 * The command line of `npm run storm`.
 */

import {
  CommandLineError,
  integerOption,
  readCommandLine,
  seedOption,
  textOption,
} from '../../testing/command-line.ts'
import { locatePeer } from '../../testing/peers/peers.ts'
import { MODES, type Mode } from './modes.ts'

const COMMAND = {
  name: 'npm run storm',
  summary: [
    'Kill writers, readers, sweepers and openers of a cache, processes and threads, at random ' +
      'moments and at every named step of every write, and look for harm after each kill.',
  ],
  options: {
    kills: integerOption('Kills, shared by all modes', { fallback: 1000, min: 1, max: 1_000_000 }),
    minutes: integerOption('Time after which no kill begins', {
      fallback: 60,
      min: 1,
      max: 1440,
    }),
    mode: textOption('Run only the modes whose name contains TEXT', 'TEXT', {
      fallback: '',
      shownDefault: 'all modes',
    }),
    seed: seedOption(),
  },
}

export interface StormRunOptions {
  /** Shared by all modes. */
  readonly kills: number
  /** No kill starts later, even if some are left. */
  readonly seconds: number
  readonly seed: number
  readonly modes: readonly Mode[]
  /** The command of Python; undefined: no worker is a reader in Python. */
  readonly python: string | undefined
}

export function parseStormOptions(args: readonly string[]): StormRunOptions {
  const { kills, minutes, mode, seed } = readCommandLine(COMMAND, args)
  const { command: python, missing } = locatePeer('python')
  if (missing !== undefined) console.log(`no readers in Python: ${missing}`)
  const modes = MODES.filter(({ name }) => name.includes(mode))
  if (modes.length === 0) {
    const names = MODES.map(({ name }) => name).join('; ')
    throw new CommandLineError(`${COMMAND.name}: --mode must be a part of one of these: ${names}`)
  }
  return { kills, seconds: minutes * 60, seed, modes, python }
}
