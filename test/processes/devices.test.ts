/**
 * Devices that are full, read-only, limited or missing: an error with a reason, or what the guide
 * says.
 */

import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { userId } from '../../src/platform/index.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { memoryDir, tempDir } from '../../testing/temp-dir.ts'

const CHILD = fileURLToPath(new URL('./device-child.js', import.meta.url))
const MIB = 1024 * 1024

interface Skippable extends Scope {
  skip(reason: string): void
}

/** False, with the reason printed, where a test cannot have mounts of its own. */
function canMount(t: Skippable): boolean {
  if (process.platform !== 'linux' || userId() !== 0) {
    t.skip('only root on Linux can mount')
    return false
  }
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' })
    return true
  } catch (error) {
    t.skip(`no mount namespace of its own: ${error}`)
    return false
  }
}

/** What the child said, run by a shell after `prepare`, in a mount namespace that ends with it. */
function runAfter(prepare: string, told: object, env = {}): Promise<string> {
  const script = `${prepare} && exec "$0" "$1" "$2"`
  const args = ['-m', 'sh', '-c', script, process.execPath, CHILD, JSON.stringify(told)]
  return new Promise((resolve, reject) => {
    execFile('unshare', args, { env: { ...process.env, ...env } }, (error, out, err) => {
      if (error === null) resolve(out)
      else reject(new Error(err))
    })
  })
}

/** A cache of about this size. */
function sized(size: number) {
  return { name: 'sized', maxItems: Math.floor(size / 2048), blockSize: 1024, bitmap: false }
}

describe('a store on a tmpfs of 8 MiB', () => {
  test('of 4 MiB takes all items it promises, and has them when it is opened again', async t => {
    if (!canMount(t)) return
    const directory = tempDir(t)
    const options = { ...sized(4 * MIB), store: join(directory, 'store') }
    const out = await runAfter(`mount -t tmpfs -o size=8m tmpfs ${directory}`, { options })
    assert.match(out, /opened: 2048 items\nopened again: 2048 items, sound/)
  })

  test('of more is refused when it is created, with what to do, and leaves nothing', async t => {
    if (!canMount(t)) return
    const directory = tempDir(t)
    const options = { ...sized(32 * MIB), store: join(directory, 'store') }
    const mount = `mount -t tmpfs -o size=8m tmpfs ${directory}`
    const out = await runAfter(mount, { options })
    assert.match(out, /opened: UNDERCROFT_NO_SPACE no room for .*ask for fewer or smaller items/)
    assert.match(out, /opened again: UNDERCROFT_NO_SPACE/, 'nothing half made was attached to')
  })
})

describe('a cache of 32 MiB on a tmpfs of 8 MiB', () => {
  for (const bitmap of [false, true]) {
    test(`is made, holds what fits, and refuses the rest: ${bitmap ? 'runs' : 'blocks'}`, async t => {
      if (!canMount(t)) return
      const directory = tempDir(t)
      const options = { ...sized(32 * MIB), bitmap, eviction: 'none', directory }
      const out = await runAfter(`mount -t tmpfs -o size=8m tmpfs ${directory}`, { options })
      const items = itemsIn(out)
      assert.ok(items > 3000 && items < 8192, out)
      assert.match(out, new RegExp(`opened again: ${items} items, sound`))
    })

    test(`evicts for new items where the device is full: ${bitmap ? 'runs' : 'blocks'}`, async t => {
      if (!canMount(t)) return
      const directory = tempDir(t)
      const options = { ...sized(32 * MIB), bitmap, eviction: 'lru', directory }
      const out = await runAfter(`mount -t tmpfs -o size=8m tmpfs ${directory}`, { options })
      assert.match(out, /the last item is there/)
      assert.ok(itemsIn(out) > 3000, out)
      assert.match(out, /opened again: \d+ items, sound/)
    })
  }

  test('says where no item fits that it has no room', async t => {
    if (!canMount(t)) return
    const directory = tempDir(t)
    const options = { ...sized(32 * MIB), directory }
    const mount = `mount -t tmpfs -o size=64k tmpfs ${directory}`
    const out = await runAfter(mount, { options })
    assert.match(out, /opened: UNDERCROFT_NO_SPACE no room for .*ask for fewer or smaller items/)
  })

  test('takes more as soon as the device has room again', async t => {
    if (!canMount(t)) return
    const directory = tempDir(t)
    const options = { ...sized(32 * MIB), eviction: 'none', directory }
    const mount = `mount -t tmpfs -o size=16m tmpfs ${directory}`
    const filler = join(directory, 'filler')
    const out = await runAfter(mount, { options, filler, fillerSize: 12 * MIB })
    const [before, after] = [...out.matchAll(/(\d+) items/g)].map(([, count]) => Number(count))
    assert.ok(before !== undefined && after !== undefined && before > 500, out)
    assert.ok(after > 3 * before, out)
  })
})

function itemsIn(out: string): number {
  return Number(/opened: (\d+) items/.exec(out)?.[1])
}

describe('a file system', () => {
  test('that is read-only: a store that is there and a new one are refused', async t => {
    if (!canMount(t)) return
    const directory = tempDir(t)
    const options = { ...sized(MIB), store: join(directory, 'store') }
    const mount = `mount -t tmpfs -o size=8m tmpfs ${directory}`
    const remount = `mount -o remount,ro ${directory}`
    const made = `"$0" "$1" "$2" >${join(tempDir(t), 'out')}`
    for (const prepare of [`${mount} && ${remount}`, `${mount} && ${made} && ${remount}`]) {
      const out = await runAfter(prepare, { options })
      assert.match(out, /opened: UNDERCROFT_ACCESS_DENIED cannot open .* \(EROFS\)/)
    }
  })
})

describe('a process', () => {
  test('without address space for the segment is told so, and nothing is left', async t => {
    if (process.platform !== 'linux') return t.skip('prlimit is Linux')
    const directory = memoryDir(t)
    const options = { ...sized(192 * MIB), directory }
    const args = [CHILD, JSON.stringify({ options, spareSize: 96 * MIB })]
    const out = execFileSync(process.execPath, args, { encoding: 'utf8' })
    assert.match(out, /opened: UNDERCROFT_SYSTEM cannot map .*ulimit -v/)
    assert.deepEqual(fs.readdirSync(directory), [])
  })

  test('whose files may not be so large is told when the segment is created', async t => {
    const directory = memoryDir(t)
    const told = JSON.stringify({ options: { ...sized(4 * MIB), directory } })
    const limited = 'ulimit -f 100 && exec "$0" "$1" "$2"'
    const out = execFileSync('sh', ['-c', limited, process.execPath, CHILD, told], {
      encoding: 'utf8',
    })
    assert.match(out, /opened: UNDERCROFT_NO_SPACE no room for .* \(EFBIG\)/)
    assert.deepEqual(fs.readdirSync(directory), [])
  })

  test('without /dev/shm shares its caches through the temporary directory', async t => {
    if (!canMount(t)) return
    const temporary = tempDir(t)
    onEnd(t, () => fs.rmSync(temporary, { recursive: true, force: true }))
    const nodes = ['null c 1 3', 'zero c 1 5', 'random c 1 8', 'urandom c 1 9']
    const makeNodes = nodes.map(node => `mknod -m 666 /dev/${node}`).join(' && ')
    const prepare = `mount -t tmpfs tmpfs /dev && ${makeNodes}`
    const options = { ...sized(MIB), memory: 'shared' }
    const out = await runAfter(prepare, { options }, { TMPDIR: temporary })
    assert.match(out, /opened: 512 items\nopened again: 512 items, sound/)
    const home = join(temporary, `undercroft-${userId()}`)
    assert.deepEqual(fs.readdirSync(home), ['sized.undercroft'])
    assert.equal(fs.statSync(home).mode & 0o777, 0o700)
  })
})
