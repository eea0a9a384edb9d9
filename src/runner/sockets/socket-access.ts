/**
 * Who may use a socket, with what its files say: read once, by whoever starts first and as whom it
 * starts, because those who serve later may be users without a right to the file.
 */

import fs from 'node:fs'
import { UndercroftError } from '../../base/index.ts'
import type { AccessOptions } from '../../net/index.ts'
import type { SocketAccess } from '../../uwsgi/options/index.ts'
import type { PlannedSocket } from './plan-sockets.ts'

export function readAccess({ label, access }: PlannedSocket): AccessOptions {
  const { readOnly, allow, secretFile }: SocketAccess = access
  const secret =
    secretFile === undefined ? undefined : readSecretFile(`${label}: secret_file`, secretFile)
  return {
    readOnly,
    ...(allow === undefined ? {} : { allow }),
    ...(secret === undefined ? {} : { secret }),
  }
}

// MERGED: Secrets in files: an option on a command line is for everybody to read. /

/** No secret is longer; what is, was not meant. */
const MAX_SIZE = 4096

/** The text of the file without the end of its line. `label` is how messages call the option. */
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
    if ((mode & fs.constants.S_IFMT) !== fs.constants.S_IFREG) throw refuse('is no regular file')
    if ((mode & 0o007) !== 0) throw refuse('everybody may use it; run chmod o-rwx on it')
    if (size > MAX_SIZE) throw refuse(`has ${size} bytes; a secret has 1024 at most`)
    return fs.readFileSync(fd, 'utf8').replace(/\r?\n$/, '')
  } finally {
    fs.closeSync(fd)
  }
}
