/**
 * Secrets in files, because any user of the machine can read a command line.
 */

import fs from 'node:fs'
import { UndercroftError } from '../base/index.ts'

/** No secret is longer; a larger file was not meant. */
const MAX_SIZE = 4096

/**
 * Returns the text of the file without its last line end. `label` is the option's name in messages.
 */
export function readSecretFile(label: string, path: string): string {
  const refuse = (why: string, cause?: unknown) =>
    new UndercroftError('UNDERCROFT_OPTION_INVALID', `${label} ${path}: ${why}`, { cause })
  let fd: number
  try {
    fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK)
  } catch (error) {
    throw refuse(`cannot be read (${(error as NodeJS.ErrnoException).code})`, error)
  }
  try {
    const { mode, size } = fs.fstatSync(fd)
    if ((mode & fs.constants.S_IFMT) !== fs.constants.S_IFREG) throw refuse('is not a regular file')
    if ((mode & 0o007) !== 0)
      throw refuse('every user of this machine may read or change it; run chmod o-rwx on it')
    if (size > MAX_SIZE) throw refuse(`has ${size} bytes; a secret has at most 1024`)
    return fs.readFileSync(fd, 'utf8').replace(/\r?\n$/, '')
  } finally {
    fs.closeSync(fd)
  }
}

/** The variable that names the file with the secret of the servers that a process calls. */
const SECRET_VARIABLE = 'UNDERCROFT_SECRET_FILE'

/**
 * Returns the secret for other servers: uWSGI's functions and options have no argument for one.
 *
 * @returns no option if the variable is not set
 * @throws UndercroftError `UNDERCROFT_OPTION_INVALID` for a file that cannot be used
 */
export function secretOfProcess(): { readonly secret?: string } {
  const path = process.env[SECRET_VARIABLE] ?? ''
  return path === '' ? {} : { secret: readSecretFile(SECRET_VARIABLE, path) }
}
