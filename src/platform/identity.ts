/**
 * Who runs this process, since which start of the machine, and where its segments live.
 */

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** The effective user, or undefined on systems without users of this kind. */
export function userId(): number | undefined {
  return process.geteuid?.()
}

// random(4) of Linux: "unvarying", and another one after each start of the kernel.
const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id'
const BOOT_ID_PATTERN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** What `bootId` has: a UUID. */
export const BOOT_ID_WORDS = 4

let knownBootId: Int32Array | undefined

/**
 * Names the time since the machine was started last; all zeros where the system does not tell, or
 * does not let this process read it.
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

/** Memory-backed where the system offers it; one folder for each user. */
export function defaultDirectory(): string {
  const parent = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir()
  return path.join(parent, `undercroft-${userId() ?? 'user'}`)
}
