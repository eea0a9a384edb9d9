/**
 * Switches to another user and group for good, as `uid` and `gid` request.
 */

import { readFileSync } from 'node:fs'
import { UndercroftError } from '../base/index.ts'

/** The user and group to switch to, by name or number. */
export interface Identity {
  readonly user: string | undefined
  readonly group: string | undefined
}

/** Returns whether this process may switch. */
function isRoot(): boolean {
  return process.geteuid?.() === 0
}

/**
 * Changes group and user of this process and of all processes that it starts. A process that is not
 * root only logs a line.
 */
export function dropPrivileges({ user, group }: Identity, onLog: (line: string) => void): void {
  if (!isRoot()) {
    if (!isNow(group, GROUPS, process.getegid?.())) onLog('cannot setgid() as non-root user')
    if (!isNow(user, USERS, process.geteuid?.())) onLog('cannot setuid() as non-root user')
    return
  }
  const newGroup = group ?? (user === undefined ? undefined : primaryGroupOf(user))
  if (newGroup !== undefined) {
    attempt(`group ${newGroup}`, () => {
      // Otherwise the process would keep the supplementary groups of root.
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

/**
 * Returns the numbers for `user`, `user:group` or `:group`; -1 changes nothing, as in `chown`.
 * @throws UndercroftError `UNDERCROFT_SYSTEM`
 */
export function resolveOwner(owner: string): { readonly uid: number; readonly gid: number } {
  const [user = '', group = ''] = owner.split(':')
  return { uid: numberOf(user, USERS, 'user'), gid: numberOf(group, GROUPS, 'group') }
}

function numberOf(name: string, file: string, kind: string): number {
  if (name === '') return -1
  const number = findAccount(name, file)?.[2] ?? (isNumber(name) ? name : undefined)
  if (number !== undefined) return Number(number)
  throw new UndercroftError('UNDERCROFT_SYSTEM', `chown-socket: ${kind} ${name} not found`)
}

/** Documented, but missing in every released type package. */
const { initgroups }: { initgroups?: (user: string, group: string | number) => void } =
  Object(process)

function attempt(label: string, act: () => void): void {
  try {
    act()
  } catch (error) {
    const isUnknown =
      error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_CREDENTIAL'
    const reason = isUnknown ? 'not found' : `cannot be set: ${error}`
    throw new UndercroftError('UNDERCROFT_SYSTEM', `${label} ${reason}`, { cause: error })
  }
}

/** Returns whether the process already has this identity. */
function isNow(wanted: string | undefined, file: string, present: number | undefined): boolean {
  if (wanted === undefined || wanted === String(present)) return true
  return findAccount(wanted, file)?.[2] === String(present)
}

function primaryGroupOf(user: string): string {
  const [, , , group] = findAccount(user, USERS) ?? []
  if (group !== undefined) return group
  throw new UndercroftError(
    'UNDERCROFT_SYSTEM',
    `user ${user} not found in ${USERS}; if the user exists, name its group with gid`,
  )
}

/** Returns undefined if the system has no name for this user, as in some containers. */
export function nameOfUser(id: number): string | undefined {
  return findAccount(String(id), USERS)?.[0]
}

const USERS = '/etc/passwd'
const GROUPS = '/etc/group'

/**
 * Returns the fields of the line for a name or number: name, password, number, and the rest of the
 * file's fields.
 */
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
