import assert from 'node:assert/strict'
import fs from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import { describe, test } from 'node:test'
import { nativeText } from '../../src/base/index.ts'
import {
  locksOfFile,
  MAX_MAPPING_SIZE,
  mapFile,
  mapPrivate,
  preallocate,
  sharingObstacle,
} from '../../src/platform/index.ts'
import { requireLibc } from '../../src/platform/mapping.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'

function openFile(scope: Scope, file = path.join(memoryDir(scope), 'file')): [string, number] {
  const fd = fs.openSync(file, fs.constants.O_RDWR | fs.constants.O_CREAT)
  onEnd(scope, () => {
    try {
      fs.closeSync(fd)
    } catch {
      // A mapping has closed it, or the test has.
    }
  })
  return [file, fd]
}

describe('locks on a file', () => {
  test('are held by one open file at a time, by number', t => {
    const [file, fd] = openFile(t)
    const mine = locksOfFile(fd)
    const [, otherFd] = openFile(t, file)
    const other = locksOfFile(otherFd)
    assert.equal(mine.tryHold(5), true)
    assert.equal(mine.tryHold(5), true, 'again')
    assert.equal(other.tryHold(5), false)
    assert.equal(other.tryHold(6), true)
    assert.equal(other.isHeldElsewhere(5), true)
    assert.equal(mine.isHeldElsewhere(5), false, 'what is held here does not count')
    assert.equal(mine.isHeldElsewhere(6), true)
    assert.equal(mine.isHeldElsewhere(4), false)
    assert.equal(mine.isHeldElsewhere(7), false)
  })

  test('are shared by any number of open files, or held by one', t => {
    const [file, fd] = openFile(t)
    const [one, two, three] = [fd, openFile(t, file)[1], openFile(t, file)[1]].map(locksOfFile)
    assert.ok(one && two && three)
    assert.equal(one.tryShare(5), true)
    assert.equal(two.tryShare(5), true)
    assert.equal(one.tryHold(5), false)
    assert.equal(three.tryHold(5), false)
    assert.equal(three.isHeldElsewhere(5), true)
    two.release(5)
    assert.equal(one.isHeldElsewhere(5), false, 'what is shared here does not count')
    assert.equal(one.tryHold(5), true, 'alone now')
    assert.equal(two.tryShare(5), false)
    assert.equal(one.tryShare(5), true, 'for others again')
    assert.equal(two.tryShare(5), true)
  })

  test('are given back by release, and by closing the file', t => {
    const [file, fd] = openFile(t)
    const mine = locksOfFile(fd)
    const [, otherFd] = openFile(t, file)
    const other = locksOfFile(otherFd)
    mine.tryHold(1)
    mine.tryHold(2)
    mine.release(1)
    assert.equal(other.isHeldElsewhere(1), false)
    assert.equal(other.isHeldElsewhere(2), true)
    fs.closeSync(fs.openSync(file, 'r')) // a POSIX lock would be lost by this
    assert.equal(other.isHeldElsewhere(2), true)
    fs.closeSync(fd)
    assert.equal(other.isHeldElsewhere(2), false)
  })

  test('of a mapping end with the mapping', t => {
    const [file, fd] = openFile(t)
    preallocate(fd, 4096, file)
    const mapping = mapFile(fd, 4096, file)
    const [, otherFd] = openFile(t, file)
    assert.equal(mapping.locks.tryHold(2 ** 32 + 255), true)
    assert.equal(locksOfFile(otherFd).isHeldElsewhere(2 ** 32 + 255), true)
    mapping.close()
    mapping.close()
    assert.equal(locksOfFile(otherFd).isHeldElsewhere(2 ** 32 + 255), false)
  })
})

describe('preallocation', () => {
  test('takes all the room at once, and the file does not grow later', t => {
    const [file, fd] = openFile(t)
    const size = 3 * 1024 * 1024 + 4096
    preallocate(fd, size, file)
    const stat = fs.fstatSync(fd)
    assert.equal(stat.size, size)
    assert.ok(stat.blocks * 512 >= size, `${stat.blocks} blocks of 512 bytes are taken`)
  })

  test('of more than the device has says so, and what a container can do', t => {
    const [file, fd] = openFile(t)
    const { blocks, bsize } = fs.statfsSync(file)
    assert.throws(() => preallocate(fd, blocks * bsize + 2 ** 30, file), {
      code: 'UNDERCROFT_NO_SPACE',
      message: /ENOSPC.*--shm-size/,
    })
  })

  // No kernel of ours has quotas on what a test may mount, so the system's answer is made up.
  test('beyond the quota of a user says so, as a full device does', t => {
    if (process.platform !== 'linux') return t.skip('elsewhere no call of libc is made')
    const [, fd] = openFile(t)
    t.mock.method(requireLibc(), 'posixFallocate', () => constants.errno.EDQUOT)
    assert.throws(() => preallocate(fd, 4096, 'store'), {
      code: 'UNDERCROFT_NO_SPACE',
      message: /no room for the 4096 bytes of store \(EDQUOT\)/,
    })
  })

  test('of a file that cannot be written says which error it was', t => {
    const [file] = openFile(t)
    const fd = fs.openSync(file, 'r')
    assert.throws(() => preallocate(fd, 4096, file), {
      code: 'UNDERCROFT_SYSTEM',
      message: /EBADF/,
    })
    fs.closeSync(fd)
  })
})

describe('a mapping', () => {
  test('shows the same bytes to all who map the file', t => {
    assert.equal(sharingObstacle(), undefined)
    const [file, fd] = openFile(t)
    preallocate(fd, 8192, file)
    const mine = mapFile(fd, 8192, file)
    const [, otherFd] = openFile(t, file)
    const other = mapFile(otherFd, 8192, file)
    const words = new Int32Array(mine.buffer)
    words[2047] = 4711
    assert.equal(Atomics.add(new Int32Array(other.buffer), 2047, 1), 4711)
    assert.equal(words[2047], 4712)
    mine.sync()
    assert.equal(fs.readFileSync(file).readInt32LE(8188), 4712)
    mine.close()
    assert.equal(new Int32Array(other.buffer)[2047], 4712)
    other.close()
  })

  test('of private memory has the same face, and nobody else', () => {
    const mapping = mapPrivate(4096)
    assert.equal(mapping.shared, false)
    assert.equal(mapping.buffer.byteLength, mapping.size)
    assert.equal(mapping.locks.tryHold(1), true)
    assert.equal(mapping.locks.isHeldElsewhere(1), false)
    mapping.sync()
    mapping.close()
  })

  test('larger than this Node can make is refused, and does not abort the process', t => {
    const [file, fd] = openFile(t)
    for (const map of [mapPrivate, (size: number) => mapFile(fd, size, file)]) {
      assert.throws(() => map(MAX_MAPPING_SIZE + 4096), {
        code: 'UNDERCROFT_SEGMENT_TOO_LARGE',
        message: /can map at most \d+/,
      })
    }
  })
})

test('Node has the text methods of Buffer that its documentation leaves out', () => {
  const bytes = Buffer.alloc(16)
  const native = nativeText(bytes)
  assert.equal(native.latin1Write('abc', 1), 3)
  assert.equal(native.latin1Slice(1, 4), 'abc')
  assert.equal(native.utf8Write('é世', 2), 5)
  assert.equal(native.utf8Slice(2, 7), 'é世')
  assert.equal(native.utf8Write('世界'.repeat(9), 8), 6, 'whole characters only')
  assert.equal(native.ucs2Write('\ud800x', 4), 4)
  assert.equal(native.ucs2Slice(4, 8), '\ud800x')
})
