/**
 * Tracks the openers of a segment, and decides whether its items must be checked.
 *
 * All openers of a segment share one file lock. An opener that gets the lock alone is the only one.
 * The first opener finds out whether the machine was started again since the file was last open. If
 * so, the device may have only a part of the bytes that were in memory, and all items must be
 * checked (engine/recovery.ts). The last opener of a store flushes it and marks the file as closed,
 * so that the next opener need not check the items.
 */

import fs from 'node:fs'
import { UndercroftError } from '../base/index.ts'
import { BOOT_ID_WORDS, bootId, Waiter } from '../platform/index.ts'
import { BOOT, BOOT_OFFSET, FILE_LOCK, LOCK, LOCK_OFFSET, RECOVERY } from './format.ts'
import { reserveStart } from './reservation.ts'
import type { Segment } from './segment.ts'

/** About 60 s. An opener is alone with a file only for a few writes, or during a flush. */
const WAIT_NAPS = 30_000

const BOOT_ID = (BOOT_OFFSET + BOOT.fields.id0.offset) / 4
const INODE = (BOOT_OFFSET + BOOT.fields.inode.offset) / 8
const CLOSED = (BOOT_OFFSET + BOOT.fields.closed.offset) / 4
const OWNER = (LOCK_OFFSET + LOCK.fields.owner.offset) / 4
const NEEDS_RECOVERY = (LOCK_OFFSET + LOCK.fields.needsRecovery.offset) / 4

/**
 * Registers the creator of a new file, which no other process can have open yet. The first pages of
 * a store go to its device before the file gets its name, so every file of that name has a header.
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

/** Registers an opener. The first opener decides whether the items must be checked. */
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
      // The last other opener closed the file between the two attempts: this opener is the first.
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

/** Unregisters an opener, which must not write to the segment afterwards. */
export function unregister(segment: Segment): void {
  const { mapping, words, geometry } = segment
  const { locks } = mapping
  if (!mapping.shared || !geometry.checksums || !hasName(segment)) return
  // Most of the flush happens here, where it does not delay new openers.
  if (!locks.isHeldElsewhere(FILE_LOCK.presence)) mapping.sync()
  // Released first: if two openers leave at once, the later one is certainly alone.
  locks.release(FILE_LOCK.presence)
  if (!locks.tryHold(FILE_LOCK.presence)) return
  mapping.sync()
  words[CLOSED] = 1
  mapping.sync()
}

/**
 * Demands a check if the machine went down. The caller must be alone with the file.
 *
 * The device may have lost the reservations of a cache without a store, of which the check keeps
 * no item. It starts again.
 */
function checkBoot(segment: Segment, inode: number): void {
  const { words, mapping, geometry } = segment
  if (words[CLOSED] !== 1 && !isOfThisBoot(segment, inode)) {
    if (!geometry.checksums) reserveStart(mapping, geometry)
    words[OWNER] = 0
    words[NEEDS_RECOVERY] = RECOVERY.check
  }
  writeBoot(segment, inode)
  if (words[CLOSED] !== 1) return
  words[CLOSED] = 0
  mapping.sync() // Before any other change: a file that is marked as closed must be whole.
}

/**
 * @returns whether the file was last open since the current boot. If the boot is unknown: false for
 * a store, which may be of any boot, and true for other files, which do not outlive a boot.
 */
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

/** @returns false if the segment was destroyed, and no process can open it again */
function hasName({ doubles, label }: Segment): boolean {
  return fs.statSync(label, { throwIfNoEntry: false })?.ino === doubles[INODE]
}
