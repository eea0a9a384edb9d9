/**
 * Files and links that another user has put where undercroft looks for a user's segments.
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Cache } from '../../src/index.ts'
import { userId } from '../../src/platform/index.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'

/** A user id that no account has, we assume. These tests make and remove its directory. */
const STRANGER = 54_321
const HOME = `/dev/shm/undercroft-${STRANGER}`
const CHILD = fileURLToPath(new URL('./intruder-child.js', import.meta.url))

interface Skippable extends Scope {
  skip(reason: string): void
}

/** False, with the reason printed, where a test cannot act as two users. */
function canActAsTwo(t: Skippable): boolean {
  if (userId() !== 0) t.skip('only root can act as two users')
  else if (!fs.existsSync('/dev/shm')) t.skip('this system has no /dev/shm')
  else {
    fs.rmSync(HOME, { recursive: true, force: true })
    onEnd(t, () => fs.rmSync(HOME, { recursive: true, force: true }))
    return true
  }
  return false
}

/** What the stranger's process said. It must be able to read this package, wherever it is. */
function openAsStranger(): Promise<string> {
  return new Promise((resolve, reject) => {
    const user = { uid: STRANGER, gid: STRANGER, cwd: '/' }
    execFile(process.execPath, [CHILD], user, (error, out, err) => {
      if (error !== null) reject(new Error(err))
      else resolve(out.trim())
    })
  })
}

/** A segment as the stranger's own process would have made it, for others to copy. */
function segmentOf(t: Scope, uid: number): string {
  const directory = memoryDir(t)
  Cache.open({ name: 'trap', maxItems: 10, directory }).close()
  const file = join(directory, 'trap.undercroft')
  fs.chownSync(file, uid, uid)
  fs.chmodSync(directory, 0o755)
  return file
}

describe('a user finds its default directory', () => {
  test('made by nobody: it makes it 0700, and the segment 0600', async t => {
    if (!canActAsTwo(t)) return
    assert.equal(await openAsStranger(), 'opened value')
    assert.equal(fs.statSync(HOME).mode & 0o777, 0o700)
    assert.equal(fs.statSync(join(HOME, 'trap.undercroft')).mode & 0o777, 0o600)
  })

  test('made by somebody else, empty or with a segment in it: it uses neither', async t => {
    if (!canActAsTwo(t)) return
    fs.mkdirSync(HOME, { mode: 0o777 })
    assert.match(await openAsStranger(), /somebody else made it.*UNDERCROFT_ACCESS_DENIED/)
    fs.copyFileSync(segmentOf(t, STRANGER), join(HOME, 'trap.undercroft'))
    fs.chownSync(join(HOME, 'trap.undercroft'), STRANGER, STRANGER)
    assert.match(await openAsStranger(), /somebody else made it.*UNDERCROFT_ACCESS_DENIED/)
  })

  test('as a link to a place where it has a segment: it does not follow', async t => {
    if (!canActAsTwo(t)) return
    const file = segmentOf(t, STRANGER)
    fs.symlinkSync(file.slice(0, file.lastIndexOf('/')), HOME)
    assert.match(await openAsStranger(), /or it is a link.*UNDERCROFT_ACCESS_DENIED/)
  })

  test('with a link where its segment would be: it does not follow', async t => {
    if (!canActAsTwo(t)) return
    fs.mkdirSync(HOME, { mode: 0o700 })
    fs.chownSync(HOME, STRANGER, STRANGER)
    fs.symlinkSync(segmentOf(t, STRANGER), join(HOME, 'trap.undercroft'))
    assert.match(await openAsStranger(), /symbolic link.*UNDERCROFT_ACCESS_DENIED/)
  })

  test('with a segment of a third user, or a pipe: it uses neither, and does not hang', async t => {
    if (!canActAsTwo(t)) return
    fs.mkdirSync(HOME, { mode: 0o700 })
    fs.chownSync(HOME, STRANGER, STRANGER)
    const file = join(HOME, 'trap.undercroft')
    fs.copyFileSync(segmentOf(t, STRANGER + 1), file)
    fs.chownSync(file, STRANGER + 1, STRANGER + 1)
    fs.chmodSync(file, 0o660)
    assert.match(await openAsStranger(), /UNDERCROFT_ACCESS_DENIED/)
    fs.rmSync(file)
    await new Promise<void>((resolve, reject) => {
      execFile('mkfifo', ['-m', '666', file], error => (error === null ? resolve() : reject(error)))
    })
    assert.match(await openAsStranger(), /not a regular file.*UNDERCROFT_NOT_A_SEGMENT/)
  })
})
