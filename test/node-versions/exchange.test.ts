import assert from 'node:assert/strict'
import { statfsSync } from 'node:fs'
import { describe, type TestContext, test } from 'node:test'
import { Cache } from '../../src/index.ts'
import { Child } from '../../testing/child.ts'
import { onEnd } from '../../testing/scope.ts'
import { memoryDir, tempDir } from '../../testing/temp-dir.ts'
import type { ExchangeTask } from './exchange-child.ts'
import { type NodeLine, requireNode } from './nodes.ts'
import { readSamples, writeSamples } from './samples.ts'

const GIB = 2 ** 30
const LINES: readonly NodeLine[] = [22, 24, 26]
const thisLine = Number(process.versions.node.split('.')[0])

/** Some 4.4 GiB. */
const LARGE = { name: 'large', maxItems: 4500, bitmap: false, blockSize: 2 ** 20 }
const ROOM_FOR_LARGE = 6 * GIB
/** Preallocating takes seconds. */
const LARGE_LIMIT_MS = 120_000

type OtherNode = Child<ExchangeTask, readonly string[]>

function startUnder(t: TestContext, execPath: string): Promise<OtherNode> {
  return Child.start(t, new URL('./exchange-child.js', import.meta.url), { execPath })
}

describe('one cache under two Nodes', () => {
  for (const line of LINES) {
    test(`values of every kind go from Node ${thisLine} to Node ${line}, and back`, async t => {
      const execPath = requireNode(t, line)
      if (execPath === undefined) return
      const options = { name: 'shared', directory: memoryDir(t), maxItems: 100 }
      const cache = Cache.open(options)
      onEnd(t, () => cache.close())
      const other = await startUnder(t, execPath)
      writeSamples(cache)
      assert.deepEqual(await other.ask({ kind: 'read', options }), [])
      cache.clear()
      assert.deepEqual(await other.ask({ kind: 'write', options }), [])
      assert.deepEqual(readSamples(cache), [])
    })
  }
})

describe('a cache of more than 4 GiB', () => {
  for (const line of LINES) {
    test(`works on Node ${line} from its first block to its last`, async t => {
      const execPath = requireNode(t, line)
      if (execPath === undefined) return
      const directory = memoryDir(t)
      const { bavail, bsize } = statfsSync(directory)
      if (bavail * bsize < ROOM_FOR_LARGE) {
        t.skip(`shared memory has ${Math.floor((bavail * bsize) / 2 ** 20)} MiB free, of 6144`)
        return
      }
      const other = await startUnder(t, execPath)
      const options = { ...LARGE, directory }
      assert.deepEqual(await other.ask({ kind: 'fill', options }, LARGE_LIMIT_MS), [])
    })
  }

  if (thisLine === 20) {
    test('is refused on Node 20, which would abort, with the reason', t => {
      assert.throws(() => Cache.open({ ...LARGE, directory: tempDir(t) }), {
        code: 'UNDERCROFT_SEGMENT_TOO_LARGE',
        message: /use Node 22 or later/,
      })
    })
  }
})
