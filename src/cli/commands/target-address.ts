/**
 * Which cache a command is about.
 */

import { invalidOption } from '../../base/index.ts'
import { type OptionSet, parseAddress, textOption, usageError } from '../../uwsgi/options/index.ts'
import type { TargetAddress } from '../environment.ts'

/** Reads `--cache` and `--directory`. */
export function readTargetAddress(options: OptionSet): TargetAddress {
  const text = textOption(options, 'cache') ?? ''
  const directory = textOption(options, 'directory')
  const secretFile = textOption(options, 'secret-file')
  const at = text.indexOf('@')
  if (at < 0) {
    if (text === '') throw invalidOption('--cache', 'the name of a cache', text)
    if (secretFile !== undefined) {
      throw usageError(`--secret-file is for caches on a server; ${text} is on this machine`)
    }
    return { name: text, ...(directory === undefined ? {} : { directory }) }
  }
  if (directory !== undefined) {
    throw usageError(`--directory is for caches on this machine; ${text} is on a server`)
  }
  const remote = parseAddress('--cache', text.slice(at + 1))
  return { name: text.slice(0, at), remote, ...(secretFile === undefined ? {} : { secretFile }) }
}
