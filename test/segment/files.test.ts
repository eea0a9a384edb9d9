import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import { describe, test } from 'node:test'
import { locksOfFile, MAX_MAPPING_SIZE, userId } from '../../src/platform/index.ts'
import { destroySegment, openSegment } from '../../src/segment/files.ts'
import { HEADER } from '../../src/segment/format.ts'
import { computeLayout, GEOMETRY_OPTIONS, type Geometry } from '../../src/segment/geometry.ts'
import { segmentPath } from '../../src/segment/paths.ts'
import { ANY_GEOMETRY } from '../../testing/any-geometry.ts'
import type { Scope } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'

const GEOMETRY: Geometry = {
  ...{ maxItems: 10, maxKeySize: 60, blockSize: 100, blockCount: 10 },
  bitmap: false,
  hash: 'seeded',
  eviction: 'lru',
  ignoresTtl: false,
  checksums: false,
  maxTags: 64,
  eventPlaces: 0,
}

function open(file: string, geometry: Geometry = GEOMETRY) {
  const segment = openSegment(file, geometry, () => geometry)
  return Object.assign(segment, { [Symbol.dispose]: () => segment.close() })
}

/** A segment's file that no process has open. */
function createdFile(scope: Scope): string {
  const file = segmentPath('made', memoryDir(scope), undefined)
  open(file).close()
  return file
}

function writeAt(file: string, offset: number, bytes: Uint8Array): void {
  const fd = fs.openSync(file, 'r+')
  fs.writeSync(fd, bytes, 0, bytes.length, offset)
  fs.closeSync(fd)
}

function neverCreate(): Geometry {
  throw new Error('there is a file to attach to')
}

describe('attaching to a file', () => {
  test('needs no geometry, and finds the one it was created with', t => {
    const segment = openSegment(createdFile(t), ANY_GEOMETRY, neverCreate)
    assert.deepEqual(segment.geometry, GEOMETRY)
    segment.close()
  })

  test('refuses what is no segment, and leaves it alone', t => {
    const file = path.join(memoryDir(t), 'notes.txt')
    for (const text of ['', 'short', 'my notes '.repeat(1000)]) {
      fs.writeFileSync(file, text)
      assert.throws(() => open(file), { code: 'UNDERCROFT_NOT_A_SEGMENT' })
      assert.equal(fs.readFileSync(file, 'utf8'), text)
    }
  })

  test('refuses a directory and a device', t => {
    assert.throws(() => open(memoryDir(t)), { code: 'UNDERCROFT_SYSTEM', message: /EISDIR/ })
    assert.throws(() => open('/dev/null'), {
      code: 'UNDERCROFT_NOT_A_SEGMENT',
      message: /not a regular file/,
    })
  })

  test('refuses another version of the format, and says which', t => {
    const file = createdFile(t)
    writeAt(file, HEADER.fields.formatVersion.offset, Buffer.from([99, 0, 0, 0]))
    assert.throws(() => open(file), {
      code: 'UNDERCROFT_VERSION_MISMATCH',
      message: /has segment format 99/,
    })
  })

  test('refuses a header in which any bit has changed', t => {
    const file = createdFile(t)
    const header = fs.readFileSync(file).subarray(0, HEADER.size)
    for (let bit = 0; bit < HEADER.size * 8; bit++) {
      const byte = bit >> 3
      const damaged = Buffer.from([(header[byte] as number) ^ (1 << (bit & 7))])
      writeAt(file, byte, damaged)
      const code =
        byte < 8
          ? 'UNDERCROFT_NOT_A_SEGMENT'
          : byte < 12
            ? 'UNDERCROFT_VERSION_MISMATCH'
            : 'UNDERCROFT_CORRUPT'
      assert.throws(() => openSegment(file, ANY_GEOMETRY, neverCreate), { code }, `bit ${bit}`)
      writeAt(file, byte, header.subarray(byte, byte + 1))
    }
    open(file).close()
  })

  test('refuses a file that was cut short, at whatever length', t => {
    const file = createdFile(t)
    const { size } = computeLayout(GEOMETRY)
    fs.truncateSync(file, size - 1)
    assert.throws(() => open(file), { code: 'UNDERCROFT_TRUNCATED' })
    fs.truncateSync(file, HEADER.size)
    assert.throws(() => open(file), { code: 'UNDERCROFT_TRUNCATED' })
    fs.truncateSync(file, HEADER.size - 1)
    assert.throws(() => open(file), { code: 'UNDERCROFT_NOT_A_SEGMENT' })
  })

  test('names every option that differs, with both values', t => {
    const file = createdFile(t)
    const other: Geometry = {
      maxItems: 13,
      maxKeySize: 61,
      blockSize: 101,
      blockCount: 12,
      bitmap: true,
      hash: 'djb33x',
      eviction: 'none',
      ignoresTtl: true,
      checksums: true,
      maxTags: 0,
      eventPlaces: 4096,
    }
    assert.throws(
      () => open(file, other),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'UNDERCROFT_GEOMETRY_MISMATCH')
        for (const name of Object.keys(GEOMETRY) as (keyof Geometry)[]) {
          const option = GEOMETRY_OPTIONS[name]
          const told = `${option} is ${GEOMETRY[name]}, asked for was ${other[name]}`
          assert.ok(error.message.includes(told), told)
        }
        return true
      },
    )
  })

  test('refuses a symbolic link, even to a segment', t => {
    const file = createdFile(t)
    fs.symlinkSync(file, `${file}.link`)
    assert.throws(() => open(`${file}.link`), {
      code: 'UNDERCROFT_ACCESS_DENIED',
      message: /symbolic link/,
    })
  })

  test('never writes to another file than the one it has checked', t => {
    const file = createdFile(t)
    const notes = `${file}.notes`
    const precious = Buffer.alloc(computeLayout(GEOMETRY).size, 'my notes ')
    fs.writeFileSync(notes, precious)
    const real = fs.openSync
    let count = 0
    t.mock.method(fs, 'openSync', (...args: Parameters<typeof fs.openSync>) => {
      if (++count === 2) fs.renameSync(notes, file) // after the check, before the mapping
      return real(...args)
    })
    assert.throws(() => open(file), { code: 'UNDERCROFT_NOT_A_SEGMENT' })
    assert.ok(fs.readFileSync(file).equals(precious))
  })

  test('refuses a file that everybody may write to', t => {
    const file = createdFile(t)
    fs.chmodSync(file, 0o666)
    assert.throws(() => open(file), { code: 'UNDERCROFT_ACCESS_DENIED', message: /chmod o-w/ })
  })

  test('refuses a file of another user', t => {
    if (userId() !== 0) return t.skip('only root can give files away')
    const file = createdFile(t)
    fs.chownSync(file, 12_345, 12_345)
    assert.throws(() => open(file), {
      code: 'UNDERCROFT_ACCESS_DENIED',
      message: /belongs to user 12345, and this process runs as 0/,
    })
  })
})

describe('creating a segment', () => {
  test('makes a file for its owner alone, of the whole size, and nothing beside it', t => {
    const file = createdFile(t)
    const stat = fs.statSync(file)
    assert.equal(stat.mode & 0o777, 0o600)
    assert.equal(stat.size, computeLayout(GEOMETRY).size)
    assert.deepEqual(fs.readdirSync(path.dirname(file)), [path.basename(file)])
  })

  test('says that the directory is missing, and makes none', t => {
    const directory = path.join(memoryDir(t), 'tpyo')
    assert.throws(() => open(path.join(directory, 'cache')), {
      code: 'UNDERCROFT_SYSTEM',
      message: /directory does not exist/,
    })
    assert.equal(fs.existsSync(directory), false)
  })

  test('beyond the quota of a user says so; Node.js has no name for that error', t => {
    const directory = memoryDir(t)
    const real = fs.openSync
    t.mock.method(fs, 'openSync', (...args: Parameters<typeof fs.openSync>) => {
      if (!String(args[0]).endsWith('.new')) return real(...args)
      throw Object.assign(new Error('Unknown system error -122'), {
        code: 'Unknown system error -122',
        errno: -constants.errno.EDQUOT,
      })
    })
    assert.throws(() => open(path.join(directory, 'over')), {
      code: 'UNDERCROFT_NO_SPACE',
      message: /EDQUOT/,
    })
  })

  test('for a store of more than the device has fails at once, and leaves nothing behind', t => {
    const directory = memoryDir(t)
    const { blocks, bsize } = fs.statfsSync(directory)
    const blockCount = 1000
    const blockSize = Math.ceil((blocks * bsize) / blockCount) + 1024
    const geometry = { ...GEOMETRY, bitmap: true, blockSize, blockCount, checksums: true }
    assert.throws(() => open(path.join(directory, 'huge'), geometry), {
      code: isMappable(geometry) ? 'UNDERCROFT_NO_SPACE' : 'UNDERCROFT_SEGMENT_TOO_LARGE',
    })
    assert.deepEqual(fs.readdirSync(directory), [])
  })

  test('of more than this Node can map is refused before any room is taken', t => {
    const directory = memoryDir(t)
    // Above the limit of Node 20, or that of the format, which later Nodes reach first.
    const blockSize = MAX_MAPPING_SIZE < 2 ** 40 ? 2 ** 23 : 2 ** 30
    const geometry = { ...GEOMETRY, bitmap: true, blockSize, blockCount: 2 ** 20 }
    const opened = t.mock.method(fs, 'openSync')
    assert.throws(() => open(path.join(directory, 'huge'), geometry), {
      code: 'UNDERCROFT_SEGMENT_TOO_LARGE',
    })
    assert.equal(opened.mock.callCount(), 1, 'it was looked for, and no file was made')
  })

  test('clears away what a maker left that died, but not what one is making', t => {
    const file = segmentPath('made', memoryDir(t), undefined)
    const abandoned = `${file}.${randomUUID()}.new`
    fs.writeFileSync(abandoned, 'half made')
    const underway = `${file}.${randomUUID()}.new`
    const maker = fs.openSync(underway, 'w+')
    assert.equal(locksOfFile(maker).tryHold(0), true)
    using _ = open(file)
    assert.equal(fs.existsSync(abandoned), false)
    assert.equal(fs.existsSync(underway), true)
    fs.closeSync(maker)
  })

  test('leaves files alone that only look like abandoned ones', t => {
    const store = path.join(memoryDir(t), 'data')
    for (const name of [`${store}.backup.new`, `${store}.new`, `${store}.${randomUUID()}.old`]) {
      fs.writeFileSync(name, 'precious')
    }
    using _ = open(store)
    assert.equal(fs.readdirSync(path.dirname(store)).length, 4)
  })

  test('twice at the same place attaches to the first', t => {
    const file = segmentPath('made', memoryDir(t), undefined)
    using first = open(file)
    using second = open(file)
    first.words[1000] = 4711
    assert.equal(second.words[1000], 4711)
  })

  test('after destroy gives a new one, while others go on with the old', t => {
    const file = createdFile(t)
    using old = open(file)
    destroySegment(file)
    destroySegment(file)
    using fresh = open(file)
    fresh.words[1000] = 4711
    assert.notEqual(old.words[1000], 4711)
    assert.notEqual(old.seedLow, fresh.seedLow)
  })
})

function isMappable(geometry: Geometry): boolean {
  return computeLayout(geometry).size <= MAX_MAPPING_SIZE
}
