/**
 * Options that control how options are read, and options without a meaning under Node.js.
 */

import type { OptionRow } from './option-row.ts'

const DIRECTIVE = { kind: 'directive', group: 'configuration', support: 'now' } as const
const NO_MEANING = { group: 'python', support: 'accepted' } as const

/** Older names of conditions. This constant precedes the rows that are built from it. */
const LOGIC_ALIASES: Readonly<Record<string, readonly string[]>> = {
  env: ['ifenv'],
  dir: ['ifdir', 'if-directory'],
  exists: ['ifexists'],
}

export const CONFIGURATION_ROWS: readonly OptionRow[] = [
  {
    ...DIRECTIVE,
    name: 'ini',
    argument: 'FILE[:SECTION]',
    description: 'Read options from an INI file here; a bare name ending in .ini does the same.',
  },
  {
    ...DIRECTIVE,
    name: 'yaml',
    aliases: ['yml'],
    letter: 'y',
    argument: 'FILE[:SECTION]',
    description: 'Read options from a YAML file here; a bare name ending in .yaml or .yml does so.',
  },
  {
    ...DIRECTIVE,
    name: 'js',
    letter: 'j',
    argument: 'FILE[:SECTION]',
    description: 'Read options from a JSON file here; a bare name ending in .json does the same.',
  },
  {
    name: 'strict',
    kind: 'flag',
    group: 'configuration',
    support: 'now',
    description: 'Refuse unknown names in INI files instead of treating them as placeholders.',
  },
  {
    name: 'ignore-unsupported',
    kind: 'flag',
    group: 'configuration',
    support: 'now',
    description: 'Start without options of uWSGI that are not supported, and warn of each.',
  },
  {
    ...DIRECTIVE,
    name: 'set-placeholder',
    aliases: ['set-ph'],
    argument: 'NAME=VALUE',
    description: 'Define a placeholder, used as %(NAME).',
  },
  {
    ...DIRECTIVE,
    name: 'set',
    argument: 'NAME=VALUE',
    description: 'Set a placeholder or an option.',
  },
  {
    ...DIRECTIVE,
    name: 'for',
    argument: 'WORDS',
    description: 'Repeat each following line for every word, available as %(_).',
  },
  {
    ...DIRECTIVE,
    name: 'for-glob',
    argument: 'PATTERN',
    description: 'Repeat each following line for every path that matches.',
  },
  {
    ...DIRECTIVE,
    name: 'for-readline',
    argument: 'FILE',
    description: 'Repeat each following line for every line of a file.',
  },
  {
    ...DIRECTIVE,
    name: 'for-times',
    argument: 'N',
    description: 'Repeat each following line for the numbers from 1 to N.',
  },
  ...['', 'not-'].flatMap(not => ifRows(not, not === '' ? '' : 'not ')),
  {
    ...DIRECTIVE,
    name: 'end',
    aliases: ['endfor', 'end-for', 'endif', 'end-if'],
    argument: '',
    description: 'End a for or if block.',
  },
]

export const NO_MEANING_ROWS: readonly OptionRow[] = [
  {
    ...NO_MEANING,
    name: 'threads',
    kind: 'integer',
    min: 0,
    max: 65535,
    description:
      'Python threads of a worker; a Node.js process serves many requests in one thread.',
  },
  {
    ...NO_MEANING,
    name: 'thunder-lock',
    kind: 'flag',
    description:
      'Serialize accepting connections; here workers share HTTP connections evenly without it.',
  },
  {
    ...NO_MEANING,
    name: 'venv',
    aliases: ['virtualenv', 'home'],
    letter: 'H',
    kind: 'string',
    argument: 'PATH',
    description: 'Home directory of Python.',
  },
  {
    group: 'python',
    support: 'now',
    name: 'plugins',
    aliases: ['plugin'],
    kind: 'list',
    description:
      'Plugins of uWSGI: 0:notfound answers 404 where nothing else answers; others are ignored.',
  },
  {
    ...NO_MEANING,
    name: 'enable-threads',
    kind: 'flag',
    description: 'Switch on Python threads.',
  },
  {
    ...NO_MEANING,
    name: 'offload-threads',
    kind: 'integer',
    min: 0,
    max: 65535,
    description: 'Threads that send responses; Node.js needs none for that.',
  },
]

function ifRows(infix: string, not: string): OptionRow[] {
  const condition = (test: string, argument: string, holds: string): OptionRow => ({
    ...DIRECTIVE,
    name: `if-${infix}${test}`,
    aliases: infix === '' ? (LOGIC_ALIASES[test] ?? []) : [],
    argument,
    description: `Keep the following lines only if ${holds}; %(_) is the tested value.`,
  })
  return [
    condition('opt', 'NAME[=VALUE]', `the option is ${not}given so far`),
    condition('env', 'NAME[=VALUE]', `the environment variable is ${not}set`),
    condition('file', 'PATH', `the path is ${not}a file`),
    condition('dir', 'PATH', `the path is ${not}a directory`),
    condition('exists', 'PATH', `the path does ${not}exist`),
  ]
}
