import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, test } from 'node:test'
import { openSegment } from '../../src/segment/files.ts'
import { computeLayout, type Geometry } from '../../src/segment/geometry.ts'
import { memoryDir } from '../../testing/temp-dir.ts'

const GEOMETRY: Geometry = {
  maxItems: 1000,
  maxKeySize: 2048,
  blockSize: 60_000,
  blockCount: 1000,
  bitmap: false,
  hash: 'seeded',
  eviction: 'lru',
  ignoresTtl: false,
  checksums: false,
  maxTags: 0,
  eventPlaces: 0,
}

/** @returns the bytes that a new segment takes of its device */
function takenSize(file: string, geometry: Geometry): number {
  openSegment(file, geometry, () => geometry).close()
  return fs.statSync(file).blocks * 512
}

describe('creating a segment', () => {
  for (const bitmap of [false, true]) {
    test(`takes memory for its first items only: ${bitmap ? 'bitmap' : 'one block an item'}`, t => {
      const size = takenSize(path.join(memoryDir(t), 'lazy'), { ...GEOMETRY, bitmap })
      assert.ok(size < 1024 * 1024, `${size} bytes`)
    })
  }

  test('takes all of its room for a store', t => {
    const geometry = { ...GEOMETRY, checksums: true }
    const size = takenSize(path.join(memoryDir(t), 'store'), geometry)
    assert.ok(size >= computeLayout(geometry).size, `${size} bytes`)
  })
})
