/**
 * Who runs this process, and where its segments live.
 */

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** The effective user, or undefined on systems without users of this kind. */
export function userId(): number | undefined {
  return process.geteuid?.()
}

/** Memory-backed where the system offers it; one folder for each user. */
export function defaultDirectory(): string {
  const parent = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir()
  return path.join(parent, `undercroft-${userId() ?? 'user'}`)
}
