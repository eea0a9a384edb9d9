/**
 * Identifies the user of this process and the current boot, and finds the directory of segments.
 */

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** @returns the effective user; undefined on systems without user ids */
export function userId(): number | undefined {
  return process.geteuid?.()
}

// random(4) of Linux: the id is "unvarying", and differs after each start of the kernel.
const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id'
const BOOT_ID_PATTERN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Words of a boot id, which is a UUID. */
export const BOOT_ID_WORDS = 4

let knownBootId: Int32Array | undefined

/**
 * @returns the id of the current boot; all zeros if the system has no boot id, or does not let this
 * process read it
 */
export function bootId(): Int32Array {
  knownBootId ??= readBootId()
  return knownBootId
}

function readBootId(): Int32Array {
  const words = new Int32Array(BOOT_ID_WORDS)
  let text: string
  try {
    text = fs.readFileSync(BOOT_ID_FILE, 'latin1').trim()
  } catch {
    return words
  }
  if (!BOOT_ID_PATTERN.test(text)) return words
  Buffer.from(words.buffer).write(text.replaceAll('-', ''), 'hex')
  return words
}

/** @returns a directory of this user, in memory if the system has /dev/shm */
export function defaultDirectory(): string {
  return path.join(parentDirectory(), `${DIRECTORY_PREFIX}${userId() ?? 'user'}`)
}

/** The default directory of another user, who made it. */
export interface DirectoryOfUser {
  readonly directory: string
  readonly userId: number
  readonly groupId: number
}

export function directoriesOfOthers(): DirectoryOfUser[] {
  const parent = parentDirectory()
  return fs.readdirSync(parent).flatMap(name => {
    const [, id] = DIRECTORY_OF_USER.exec(name) ?? []
    if (id === undefined || Number(id) === userId()) return []
    const directory = path.join(parent, name)
    const stat = fs.lstatSync(directory, { throwIfNoEntry: false })
    if (stat?.isDirectory() !== true || stat.uid !== Number(id)) return []
    return [{ directory, userId: stat.uid, groupId: stat.gid }]
  })
}

const DIRECTORY_PREFIX = 'undercroft-'
const DIRECTORY_OF_USER = /^undercroft-(\d+)$/

function parentDirectory(): string {
  return fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir()
}
