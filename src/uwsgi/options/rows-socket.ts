/**
 * The names that may follow the address of a socket: who may use it, and for what. They are ours.
 */

import type { OptionRow } from './option-row.ts'

export const SOCKET_ROWS: readonly OptionRow[] = [
  {
    name: 'allow',
    kind: 'list',
    argument: 'ADDRESS[/BITS];...',
    group: 'socket',
    support: 'now',
    description: 'Closes connections of all others; addresses and networks. For TCP.',
  },
  {
    name: 'secret_file',
    kind: 'string',
    argument: 'PATH',
    group: 'socket',
    support: 'now',
    description: 'Serves clients of this package that know the secret in this file, and no others.',
  },
  {
    name: 'read_only',
    kind: 'flag',
    group: 'socket',
    support: 'now',
    description: 'Refuses every command that changes a cache.',
  },
]
