/**
 * Files that are deleted or cut short under the processes that use them.
 */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Cache } from '../../src/index.ts'
import { Child } from '../../testing/child.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import type { TruncatedTask } from './truncated-child.ts'

const SCRIPT = new URL('./truncated-child.js', import.meta.url)
const VALUE = 'v'.repeat(200)

describe('a file that is', () => {
  test('deleted: those who have it go on with it, whoever comes makes a new one', async t => {
    const directory = memoryDir(t)
    const file = join(directory, 'lost.undercroft')
    const child = await Child.start<TruncatedTask, unknown>(t, SCRIPT)
    assert.equal(await child.ask({ directory, name: 'lost' }), VALUE)
    fs.rmSync(file)
    assert.equal(await child.ask({ directory, name: 'lost' }), VALUE)
    using fresh = Cache.open({ name: 'lost', directory, maxItems: 5000 })
    assert.equal(fresh.get('key 999'), undefined)
    fresh.set('key 999', 'new')
    assert.equal(await child.ask({ directory, name: 'lost' }), VALUE)
    assert.equal(fresh.get('key 999'), 'new')
  })

  test('cut short: who touches what is gone is ended by the kernel, and nobody else', async t => {
    const directory = memoryDir(t)
    const file = join(directory, 'lost.undercroft')
    const children = await Promise.all(
      [1, 2].map(() => Child.start<TruncatedTask, unknown>(t, SCRIPT)),
    )
    const [user, bystander] = children
    assert.ok(user !== undefined && bystander !== undefined)
    assert.equal(await user.ask({ directory, name: 'lost' }), VALUE)
    assert.equal(await bystander.ask({ directory, name: 'other' }), VALUE)
    fs.truncateSync(file, 4096)
    await assert.rejects(user.ask({ directory, name: 'lost' }), /ended \(SIGBUS\)/)
    assert.equal(await bystander.ask({ directory, name: 'other' }), VALUE)
    // The next opener gets an error before it touches any byte, here and in every other process.
    assert.throws(() => Cache.open({ name: 'lost', directory, maxItems: 5000 }), {
      code: 'UNDERCROFT_TRUNCATED',
    })
    await assert.rejects(bystander.ask({ directory, name: 'lost' }), /UNDERCROFT_TRUNCATED/)
    fs.rmSync(file)
    using fresh = Cache.open({ name: 'lost', directory, maxItems: 5000 })
    assert.equal(fresh.verify().ok, true)
  })
})
