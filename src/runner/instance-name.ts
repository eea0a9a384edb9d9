/**
 * The name of an instance: as given, else from its INI file, else from its first socket. The next
 * start with the same configuration has the same name, and so finds what it keeps.
 */

import { createHash } from 'node:crypto'
import { basename, resolve } from 'node:path'
import { invalidOption } from '../base/index.ts'
import { randomInstanceName } from '../segment/index.ts'
import {
  findLast,
  formatAddress,
  formatGiven,
  type OptionSet,
  type SocketAddress,
} from '../uwsgi/options/index.ts'

const NAME_PATTERN = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/
/** Characters of the readable part of a derived name. */
const READABLE_LENGTH = 40

/** A name, and whether the next start has the same. */
export interface InstanceName {
  readonly name: string
  readonly isFixed: boolean
}

/**
 * @param files - the INI files that were read
 * @throws UndercroftError - UNDERCROFT_OPTION_INVALID
 */
export function nameInstance(
  options: OptionSet,
  files: readonly string[],
  addresses: readonly SocketAddress[],
): InstanceName {
  const given = findLast(options, 'instance')
  if (given !== undefined) {
    if (NAME_PATTERN.test(given.value)) return { name: given.value, isFixed: true }
    throw invalidOption(
      formatGiven(given),
      '1 to 64 characters of A-Z a-z 0-9 . _ - that do not begin with a dot',
      given.value,
    )
  }
  const [file] = files
  if (file !== undefined) return { name: derived(basename(file, '.ini'), file), isFixed: true }
  // Instead of port 0 the system chooses another one at each start.
  const fixed = addresses.find(address => address.kind === 'unix' || address.port !== 0)
  if (fixed === undefined) return { name: randomInstanceName(), isFixed: false }
  const text = formatAddress(fixed)
  const name = fixed.kind === 'unix' ? derived(basename(text), text) : readable(text)
  return { name, isFixed: true }
}

/** Two files of the same name in different directories give different names. */
function derived(base: string, path: string): string {
  const digest = createHash('sha256').update(resolve(path)).digest('hex').slice(0, 8)
  return `${readable(base)}-${digest}`
}

function readable(text: string): string {
  const allowed = text.replaceAll(/[^A-Za-z0-9_-]+/g, '-').replace(/^-+/, '')
  return allowed.slice(0, READABLE_LENGTH) || 'instance'
}
