/**
 * Who has a segment open, and whether its bytes can be taken as they are.
 *
 * Everybody who has it open shares one file lock, and whoever gets that lock alone is the only one.
 * The first to come looks whether the machine was started anew since: what was in memory then may
 * be on the device in part only, so all items have to be checked (engine/recovery.ts). The last to
 * go from a store sees it to its device and says so in the file, which spares the next that check.
 */

import fs from 'node:fs'
import { UndercroftError } from '../base/index.ts'
import { BOOT_ID_WORDS, bootId, Waiter } from '../platform/index.ts'
import { BOOT, BOOT_OFFSET, FILE_LOCK, LOCK, LOCK_OFFSET, RECOVERY } from './format.ts'
import type { Segment } from './segment.ts'

/** Some 60 s: whoever is alone with a file is so for a few writes, or while its device takes it. */
const WAIT_NAPS = 30_000

const BOOT_ID = (BOOT_OFFSET + BOOT.fields.id0.offset) / 4
const INODE = (BOOT_OFFSET + BOOT.fields.inode.offset) / 8
const CLOSED = (BOOT_OFFSET + BOOT.fields.closed.offset) / 4
const OWNER = (LOCK_OFFSET + LOCK.fields.owner.offset) / 4
const NEEDS_RECOVERY = (LOCK_OFFSET + LOCK.fields.needsRecovery.offset) / 4

/**
 * Begins the record of a new file, which nobody else can have open yet. A store's first pages go to
 * its device before it gets its name: whatever is found under that name has a header.
 */
export function registerCreator(segment: Segment, inode: number): void {
  const { mapping, geometry, label } = segment
  if (!mapping.locks.tryShare(FILE_LOCK.presence)) {
    throw new UndercroftError(
      'UNDERCROFT_SYSTEM',
      `the file system of ${label} has no open file description locks; ` +
        'put the segment on a local one',
    )
  }
  writeBoot(segment, inode)
  if (geometry.checksums) mapping.sync()
}

/** Joins those who have the segment open. The first of them judges its bytes. */
export function registerOpener(segment: Segment, inode: number): void {
  const { words, label } = segment
  const { locks } = segment.mapping
  const waiter = new Waiter()
  for (let naps = 0; naps < WAIT_NAPS; ) {
    if (locks.tryHold(FILE_LOCK.presence)) {
      checkBoot(segment, inode)
      locks.tryShare(FILE_LOCK.presence)
      return
    }
    if (locks.tryShare(FILE_LOCK.presence)) {
      if (words[CLOSED] !== 1) return
      // The last of the others closed it between our two questions: we are the first after all.
      locks.release(FILE_LOCK.presence)
    }
    if (waiter.pause()) naps++
  }
  throw new UndercroftError(
    'UNDERCROFT_LOCK_TIMEOUT',
    `${label} is being opened or closed for a minute by a process that is alive: is its disk ` +
      'busy, or the process stopped (SIGSTOP, debugger)?',
  )
}

/** Leaves those who have the segment open. Nothing may be written to it afterwards. */
export function unregister(segment: Segment): void {
  const { mapping, words, geometry } = segment
  const { locks } = mapping
  if (!mapping.shared || !geometry.checksums || !hasName(segment)) return
  // Most of the waiting is done here, where it keeps nobody who comes meanwhile.
  if (!locks.isHeldElsewhere(FILE_LOCK.presence)) mapping.sync()
  // Given back first: of two who leave at once, the later one is alone for sure.
  locks.release(FILE_LOCK.presence)
  if (!locks.tryHold(FILE_LOCK.presence)) return
  mapping.sync()
  words[CLOSED] = 1
  mapping.sync()
}

/** Nobody else has the file open, and nobody can come meanwhile. */
function checkBoot(segment: Segment, inode: number): void {
  const { words, mapping } = segment
  if (words[CLOSED] !== 1 && !isOfThisBoot(segment, inode)) {
    words[OWNER] = 0
    words[NEEDS_RECOVERY] = RECOVERY.check
  }
  writeBoot(segment, inode)
  if (words[CLOSED] !== 1) return
  words[CLOSED] = 0
  mapping.sync() // before anything else changes: a file that says "closed" is whole
}

/** Where the system does not tell, a store may be of any boot, and other files are memory. */
function isOfThisBoot({ words, doubles, geometry }: Segment, inode: number): boolean {
  const current = bootId()
  if (current.every(word => word === 0)) return !geometry.checksums
  return doubles[INODE] === inode && current.every((word, i) => words[BOOT_ID + i] === word)
}

function writeBoot({ words, doubles }: Segment, inode: number): void {
  const current = bootId()
  for (let i = 0; i < BOOT_ID_WORDS; i++) words[BOOT_ID + i] = current[i]
  doubles[INODE] = inode
}

/** False once it was destroyed: then nobody will ever open it again. */
function hasName({ doubles, label }: Segment): boolean {
  return fs.statSync(label, { throwIfNoEntry: false })?.ino === doubles[INODE]
}
