/**
 * Makes and checks the directories of segments, and explains why a file cannot be opened.
 */

import fs from 'node:fs'
import { UndercroftError } from '../base/index.ts'
import { defaultDirectory, errnoName, userId } from '../platform/index.ts'

/** Makes the default directory only: a missing directory of the caller is likely a typing error. */
export function makePrivateDirectory(directory: string): void {
  if (directory !== defaultDirectory()) return
  try {
    fs.mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw openFailure(directory, error)
  }
  requirePrivateDirectory(directory)
}

/**
 * Throws UNDERCROFT_ACCESS_DENIED if another user controls the default directory. That directory
 * has a name that can be guessed, and every user may create files next to it. A link of another
 * user could lead to any file, also to files of this user. The caller is responsible for any other
 * directory.
 */
export function requirePrivateDirectory(directory: string): void {
  if (directory !== defaultDirectory()) return
  const stat = fs.lstatSync(directory, { throwIfNoEntry: false })
  if (stat === undefined) return // The directory is made later, or is not needed.
  const user = userId()
  if (!stat.isDirectory() || (user !== undefined && stat.uid !== user)) {
    throw accessDenied(directory, 'somebody else made it, or it is a link')
  }
  if ((stat.mode & 0o022) !== 0) {
    throw accessDenied(directory, 'others may write to it; run chmod 700 on it')
  }
}

export function accessDenied(file: string, why: string): UndercroftError {
  return new UndercroftError('UNDERCROFT_ACCESS_DENIED', `will not use ${file}: ${why}`)
}

export function openFailure(file: string, error: unknown): UndercroftError {
  const { code: given = 'unknown', errno } = error as NodeJS.ErrnoException
  const code = given.startsWith('E') || errno === undefined ? given : errnoName(-errno)
  const denied = code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
  const lack = code === 'ENOSPC' || code === 'EDQUOT'
  return new UndercroftError(
    denied ? 'UNDERCROFT_ACCESS_DENIED' : lack ? 'UNDERCROFT_NO_SPACE' : 'UNDERCROFT_SYSTEM',
    `cannot open ${file} (${code})${code === 'ENOENT' ? ': its directory does not exist' : ''}`,
    { cause: error },
  )
}
