import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const RUN = fileURLToPath(new URL('../../bench/run.js', import.meta.url))

describe('the benchmark of restoring', () => {
  test('tells the size, and each step with its ratio to inserting the items', async () => {
    const args = [RUN, 'restore', '--size', 'small', '--rounds', '1']
    const { stdout } = await promisify(execFile)(process.execPath, args)
    assert.match(stdout, /^workload {2}10000 items of 100 bytes in a store, 1 rounds$/m)
    assert.match(stdout, /^file {6}\d+\.\d MiB$/m)
    assert.match(stdout, /^insert all items +\d+(\.\d)? \(\S+\) +1\.000$/m)
    for (const step of ['a close', 'a kill inside a set', 'a power loss']) {
      assert.match(
        stdout,
        new RegExp(`^open.* after ${step} +\\S+ \\(\\S+\\) +\\d+\\.\\d{3}$`, 'm'),
      )
    }
  })

  test('refuses a size that it does not have', async () => {
    await assert.rejects(
      promisify(execFile)(process.execPath, [RUN, 'restore', '--size', 'huge']),
      /--size must be/,
    )
  })
})
