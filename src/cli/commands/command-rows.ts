/**
 * Options of the commands that work on one cache.
 *
 * `serve` has the option table of config; `--cache` is another thing there, as in uWSGI.
 */

import { OPTION_TABLE, type OptionRow, requireRow } from '../../uwsgi/options/index.ts'

const SHARED = { group: 'command', support: 'now' } as const

/** What every such command takes. */
export const TARGET_ROWS: readonly OptionRow[] = [
  {
    ...SHARED,
    name: 'cache',
    kind: 'string',
    argument: 'NAME[@ADDRESS]',
    default: 'default',
    description: 'The cache; with an address, host:port or a socket path, one on that server.',
  },
  {
    ...SHARED,
    name: 'secret-file',
    kind: 'string',
    argument: 'PATH',
    description: 'File with the secret that the server asks for at this address.',
  },
  requireRow(OPTION_TABLE, 'directory'),
  requireRow(OPTION_TABLE, 'json'),
  requireRow(OPTION_TABLE, 'help'),
]

export const TTL_ROW: OptionRow = {
  ...SHARED,
  name: 'ttl',
  kind: 'string',
  argument: 'DURATION',
  default: 'as the cache says',
  description: 'How long the item lives: seconds, or 500ms, or never.',
}

export const LIMIT_ROW: OptionRow = {
  ...SHARED,
  name: 'limit',
  kind: 'integer',
  min: 1,
  max: Number.MAX_SAFE_INTEGER,
  description: 'Prints at most this many keys.',
}

export const INITIAL_ROW: OptionRow = {
  ...SHARED,
  name: 'initial',
  kind: 'integer64',
  default: 'as the cache says',
  description: 'What a counter that does not exist starts from.',
}
