/**
 * Becoming another user, for good: what `uid` and `gid` ask for.
 */

import { readFileSync } from 'node:fs'
import { UndercroftError } from '../base/index.ts'

/** Whom to become, by name or number. */
export interface Identity {
  readonly user: string | undefined
  readonly group: string | undefined
}

/** Whether this process can become somebody else. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0
}

/** Changes group and user of this process, and of all that it starts. Not as root: only a line. */
export function dropPrivileges({ user, group }: Identity, onLog: (line: string) => void): void {
  const isAlready = (wanted: string | undefined, present: number | undefined) =>
    wanted === undefined || wanted === String(present)
  if (!isRoot()) {
    if (!isAlready(group, process.getegid?.())) onLog('cannot setgid() as non-root user')
    if (!isAlready(user, process.geteuid?.())) onLog('cannot setuid() as non-root user')
    return
  }
  const newGroup = group ?? (user === undefined ? undefined : primaryGroupOf(user))
  if (newGroup !== undefined) {
    attempt(`group ${newGroup}`, () => {
      // Otherwise we would keep root's further groups.
      if (user === undefined || isNumber(user)) process.setgroups?.([numberOrName(newGroup)])
      else initgroups?.(user, numberOrName(newGroup))
      process.setgid?.(numberOrName(newGroup))
    })
    onLog(`setgid() to ${process.getegid?.()}`)
  }
  if (user !== undefined) {
    attempt(`user ${user}`, () => process.setuid?.(numberOrName(user)))
    onLog(`setuid() to ${process.geteuid?.()}`)
  }
}

/** Documented, but in no released type package. */
const { initgroups }: { initgroups?: (user: string, group: string | number) => void } =
  Object(process)

function attempt(whom: string, act: () => void): void {
  try {
    act()
  } catch (error) {
    const isUnknown =
      error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_CREDENTIAL'
    const reason = isUnknown ? 'not found' : `cannot be had: ${error}`
    throw new UndercroftError('UNDERCROFT_SYSTEM', `${whom} ${reason}`, { cause: error })
  }
}

/** Node.js has no call for this. Undefined: the user is not in the file. */
function primaryGroupOf(user: string): string {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  const found = lines
    .map(line => line.split(':'))
    .find(fields => fields[0] === user || fields[2] === user)
  if (found?.[3] !== undefined) return found[3]
  throw new UndercroftError(
    'UNDERCROFT_SYSTEM',
    `user ${user} not found in /etc/passwd; if there is one, name its group with gid`,
  )
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text)
}

function numberOrName(text: string): number | string {
  return isNumber(text) ? Number(text) : text
}
