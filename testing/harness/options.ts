/**
 * The command line of `npm test`. Flags that it does not know are Node's: `node --test` gets them.
 */

import { spawnSync } from 'node:child_process'
import {
  CommandLineError,
  type CommandOption,
  choiceOption,
  flagOption,
  readCommandLine,
  seedOption,
  textOption,
} from '../command-line.ts'
import { findTestPaths, TIERS, type Tier } from './find-tests.ts'

/** The name of the stage that is no test. */
export const LINT = 'lint'

export interface TestOptions {
  /** The path of a wanted file contains one of these words. Without words, all files are wanted. */
  readonly paths: readonly string[]
  /** A pattern for the titles of the wanted tests. */
  readonly title?: string | undefined
  readonly tier: Tier
  readonly seed?: number | undefined
  /** For `node --test`, which runs the tests instead of our runner if there are any. */
  readonly nodeFlags: readonly string[]
}

const NO_TITLE = { fallback: '', shownDefault: 'all tests' }
const TITLE_HELP = 'Run only the tests whose title matches this pattern'
const SEED: CommandOption<number | undefined> = {
  ...seedOption(),
  fallback: undefined,
  shownDefault: 'a fixed one',
}

const COMMAND = {
  name: 'npm test',
  summary: [
    'Run the linter and the tests. With paths: only the stages and files whose path contains one ' +
      'of them.',
    'Any other flag is one of Node.js (--watch, --inspect, --inspect-brk, --test-timeout=MS): ' +
      'node --test runs the files with it. Give its value with an equals sign.',
  ],
  options: {
    'test-name-pattern': { ...textOption(TITLE_HELP, 'TITLE', NO_TITLE), short: 't' },
    tier: choiceOption('The tests of each change, or those on demand', TIERS, 'change'),
    seed: SEED,
    coverage: flagOption('Report which lines ran, and write coverage/lcov.info'),
  },
  operands: { name: 'PATH', help: 'A word of the paths to run: engine, peers/nginx, lint' },
}

/** A flag of ours, its value in the same word or the next one. */
const OWN_FLAG = /^(-t|-h|--(test-name-pattern|tier|seed|coverage|help))(=.*)?$/

/** Node.js 20 has the flag, and fails at files with source maps. */
const FIRST_NODE_WITH_COVERAGE = 22

const COVERAGE_FLAGS = [
  '--experimental-test-coverage',
  '--enable-source-maps',
  '--test-coverage-include=**/src/**',
  ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
  ...['--test-reporter=lcov', '--test-reporter-destination=coverage/lcov.info'],
]

export function readTestOptions(args: readonly string[]): TestOptions {
  const isForeign = (arg: string) => arg.startsWith('-') && !OWN_FLAG.test(arg)
  const own = args.filter(arg => !isForeign(arg))
  const foreign = args.filter(isForeign)
  const values = readCommandLine(COMMAND, own)
  requireMatches(values.operands, values.tier)
  requireNodeFlags(foreign)
  if (values.coverage) requireCoverage()
  const title = values['test-name-pattern']
  return {
    paths: values.operands,
    title: title === '' ? undefined : title,
    tier: values.tier,
    seed: values.seed,
    nodeFlags: [...foreign, ...(values.coverage ? COVERAGE_FLAGS : [])],
  }
}

/** A misspelt word among others would otherwise leave its tests out without a sign. */
function requireMatches(words: readonly string[], tier: Tier): void {
  const paths = [...(tier === 'change' ? [LINT] : []), ...findTestPaths(tier)]
  for (const word of words) {
    if (paths.some(path => path.includes(word))) continue
    throw new CommandLineError(
      `${COMMAND.name}: no path of the tier '${tier}' contains '${word}' ` +
        `(the paths are ${LINT} and those of the tests, as in test/engine/blocks.test.ts)`,
    )
  }
}

/** Node is the one that knows its flags. */
function requireNodeFlags(flags: readonly string[]): void {
  for (const flag of flags) {
    const { status } = spawnSync(process.execPath, ['--test', flag, '--version'])
    if (status === 0) continue
    throw new CommandLineError(
      `${COMMAND.name}: neither npm test nor node --test has an option '${flag}' ` +
        '(--help lists the options)',
    )
  }
}

function requireCoverage(): void {
  if (Number(process.versions.node.split('.')[0]) >= FIRST_NODE_WITH_COVERAGE) return
  throw new CommandLineError(
    `${COMMAND.name}: --coverage needs Node.js ${FIRST_NODE_WITH_COVERAGE} or later, and this is ` +
      process.version,
  )
}
