/**
 * Instances, whose caches live as long as their master.
 *
 * A master holds the lock of a file with the name of its instance. The kernel drops the lock when
 * the master ends, however it ends. What a killed master left is removed by the next master of the
 * same instance. Instances without a name of their own get a random one, and every master removes
 * what dead ones of them left.
 */

import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { UndercroftError } from '../base/index.ts'
import { locksOfFile } from '../platform/index.ts'
import { makePrivateDirectory, openFailure } from './directories.ts'
import { destroySegment } from './files.ts'
import { FILE_LOCK } from './format.ts'
import { directoryPath, instancePath, listInstances, listSegments, segmentPath } from './paths.ts'

/** An instance that this process is the master of. */
export interface HeldInstance {
  /** Ends the instance. Its caches must be closed. */
  release(): void
}

/** Maximum of attempts while other masters of the instance start and end. */
const HOLD_ATTEMPTS = 100
const RANDOM_NAME = /^serve-[0-9a-f]{8}$/

/** @returns a name that no other instance has */
export function randomInstanceName(): string {
  return `serve-${randomBytes(4).toString('hex')}`
}

/**
 * Makes this process the master of an instance, and removes the caches that an earlier master left,
 * except those to keep.
 *
 * @throws UndercroftError - UNDERCROFT_INSTANCE_RUNNING if another process is its master
 */
export function holdInstance(
  instance: string,
  directory: string | undefined,
  kept: readonly string[],
): HeldInstance {
  makePrivateDirectory(directoryPath(directory))
  const fd = acquire(instance, directory)
  if (fd === undefined) throw runsAlready(instance, directory)
  removeCaches(instance, directory, kept)
  for (const other of listInstances(directory)) {
    if (other !== instance && RANDOM_NAME.test(other)) removeDead(other, directory)
  }
  return { release: () => release(instance, directory, fd) }
}

/** @returns undefined if another process holds the lock */
function acquire(instance: string, directory: string | undefined): number | undefined {
  const file = instancePath(instance, directory)
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = fs.constants
  for (let attempt = 0; attempt < HOLD_ATTEMPTS; attempt++) {
    let fd: number
    try {
      fd = fs.openSync(file, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600)
    } catch (error) {
      throw openFailure(file, error)
    }
    if (!locksOfFile(fd).tryHold(FILE_LOCK.creator)) {
      fs.closeSync(fd)
      return undefined
    }
    if (fs.statSync(file, { throwIfNoEntry: false })?.ino === fs.fstatSync(fd).ino) {
      fs.ftruncateSync(fd)
      fs.writeSync(fd, `${process.pid}\n`, 0)
      return fd
    }
    fs.closeSync(fd) // Its holder ended, and removed it, after it was opened here.
  }
  throw new UndercroftError(
    'UNDERCROFT_SYSTEM',
    `${file} was made and removed ${HOLD_ATTEMPTS} times while we tried to lock it`,
  )
}

/** Removes the name first: another master that has the file open finds that it has none. */
function release(instance: string, directory: string | undefined, fd: number): void {
  fs.rmSync(instancePath(instance, directory), { force: true })
  fs.closeSync(fd)
}

function removeDead(instance: string, directory: string | undefined): void {
  const fd = acquire(instance, directory)
  if (fd === undefined) return
  removeCaches(instance, directory, [])
  release(instance, directory, fd)
}

function removeCaches(
  instance: string,
  directory: string | undefined,
  kept: readonly string[],
): void {
  const names = listSegments(directory).filter(name => name.startsWith(`${instance}/`))
  for (const name of names) {
    if (!kept.includes(name)) destroySegment(segmentPath(name, directory, undefined))
  }
}

function runsAlready(instance: string, directory: string | undefined): UndercroftError {
  let pid: string
  try {
    pid = fs.readFileSync(instancePath(instance, directory), 'latin1').trim()
  } catch {
    pid = 'unknown' // It has just ended.
  }
  return new UndercroftError(
    'UNDERCROFT_INSTANCE_RUNNING',
    `instance "${instance}" runs already (process ${pid}); end it first, or start this one with ` +
      'another name: --instance NAME',
  )
}
