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
function isRoot(): boolean {
  return process.geteuid?.() === 0
}

/** Changes group and user of this process, and of all that it starts. Not as root: only a line. */
export function dropPrivileges({ user, group }: Identity, onLog: (line: string) => void): void {
  if (!isRoot()) {
    if (!isNow(group, GROUPS, process.getegid?.())) onLog('cannot setgid() as non-root user')
    if (!isNow(user, USERS, process.geteuid?.())) onLog('cannot setuid() as non-root user')
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

/** Nothing needs to be changed for this one. */
function isNow(wanted: string | undefined, file: string, present: number | undefined): boolean {
  if (wanted === undefined || wanted === String(present)) return true
  return findAccount(wanted, file)?.[2] === String(present)
}

function primaryGroupOf(user: string): string {
  const [, , , group] = findAccount(user, USERS) ?? []
  if (group !== undefined) return group
  throw new UndercroftError(
    'UNDERCROFT_SYSTEM',
    `user ${user} not found in ${USERS}; if there is one, name its group with gid`,
  )
}

const USERS = '/etc/passwd'
const GROUPS = '/etc/group'

/** The fields of the line for a name or number: name, password, number, and what the file has. */
function findAccount(wanted: string, file: string): readonly string[] | undefined {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines
    .map(line => line.split(':'))
    .find(([name, , number]) => name === wanted || number === wanted)
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text)
}

function numberOrName(text: string): number | string {
  return isNumber(text) ? Number(text) : text
}
