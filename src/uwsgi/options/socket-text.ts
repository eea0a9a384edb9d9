/**
 * A socket as options write it: an address, and which clients may use it.
 * `10.0.0.1:3031,allow=10.0.0.0/8;192.168.0.7,secret_file=/etc/undercroft.secret,read_only=1`
 */

import { formatSuggestion } from '../../base/index.ts'
import { type Address, CONFIGURED_ADDRESS, parseAddress as parse } from '../../net/index.ts'
import { formatGiven, type GivenOption, optionError } from './given-option.ts'
import { parseKeyValues } from './key-values.ts'
import { SOCKET_TABLE } from './option-table.ts'
import { parseFlag } from './option-values.ts'

export { type Address as SocketAddress, formatAddress } from '../../net/index.ts'

/** Which clients may use a socket, and for what. */
export interface SocketAccess {
  readonly readOnly: boolean
  /** Undefined: any client. */
  readonly allow: readonly string[] | undefined
  /** @default 'local' */
  readonly inspect?: 'local' | boolean
  /** For statistics: further names of the server. @default none */
  readonly hosts?: readonly string[]
  /** Undefined: no secret is required. */
  readonly secretFile: string | undefined
}

/** Parses the value of an option that names a socket; `names` are the allowed settings. */
export function parseSocket(
  given: GivenOption,
  names: readonly string[] = [...SOCKET_TABLE.byName.keys()].filter(name => name !== 'hosts'),
): { readonly address: Address; readonly access: SocketAccess } {
  const [, addressText = '', rest = ''] = /^([^,]*)(?:,(.*))?$/s.exec(given.value) ?? []
  const texts = new Map<string, string>()
  for (const { name, value } of parseKeyValues(rest)) {
    const row = SOCKET_TABLE.byName.get(name)
    if (row === undefined || !names.includes(name)) {
      throw optionError(given, `has no name "${name}"${formatSuggestion(name, names)}`)
    }
    if (value === undefined || value === '') throw optionError(given, `needs a value: ${name}=...`)
    texts.set(name, value)
  }
  const inspect = parseInspect(given, texts.get('inspect'))
  const hosts = texts.get('hosts')?.split(';')
  return {
    address: parseAddress(formatGiven(given), addressText),
    access: {
      readOnly: parseFlag(texts.get('read_only') ?? '0'),
      allow: texts.get('allow')?.split(';'),
      ...(inspect === undefined ? {} : { inspect }),
      ...(hosts === undefined ? {} : { hosts }),
      secretFile: texts.get('secret_file'),
    },
  }
}

/** Parses `host:port`, `[ipv6]:port`, `:port` (this machine), or a path. */
export function parseAddress(name: string, text: string): Address {
  return parse(name, text, CONFIGURED_ADDRESS)
}

function parseInspect(given: GivenOption, text: string | undefined): 'local' | boolean | undefined {
  if (text === undefined || text === 'local') return text
  if (text === 'all' || text === 'none') return text === 'all'
  throw optionError(given, `inspect must be local, all or none; got "${text}"`)
}
