import assert from 'node:assert/strict'
import fs from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { Child } from '../../testing/child.ts'
import { until, within } from '../../testing/deadline.ts'
import { StoreFile } from '../../testing/store-file.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import { CacheProcess, openHere, startProcesses } from './cache-process.ts'
import type { CheckingTask } from './checking-child.ts'

const PAGE_SIZE = 4096
const KEYS = Array.from({ length: 400 }, (_, i) => `key-${i}`)
/** So that a check takes a while. */
const OTHERS = Array.from({ length: 7000 }, (_, i) => [`other-${i}`, i])
const DAMAGED = KEYS.filter((_, i) => i % 20 === 7)

const ITEMS_LEFT = KEYS.length - DAMAGED.length + OTHERS.length + 1

const valueFor = (key: string) => `the value of ${key} `.repeat(3)

/** A store with all keys and a counter, whose machine went down while a process had it open. */
async function lostStore(t: TestContext, options: Partial<CacheOptions> = {}) {
  const store = join(tempDir(t), 'lost.store')
  const all = {
    name: 'lost',
    store,
    maxItems: 8000,
    maxKeySize: 32,
    blockSize: 32,
    ...(options.bitmap === false ? {} : { blocks: 10_000 }),
    ...options,
  }
  const child = await CacheProcess.start(t, all)
  await child.call(
    'setMany',
    KEYS.map(key => [key, valueFor(key)]),
  )
  await child.call('setMany', OTHERS)
  await child.ask({ kind: 'increment', key: 'counter', by: 1, times: 77 })
  await child.kill()
  const file = new StoreFile(store)
  assert.equal(file.isClosed, false)
  file.restartMachine()
  return { options: all, file }
}

/** A byte of each of these values is another one. */
function damageValues(file: StoreFile, keys: readonly string[]): void {
  const places = keys.map(key => file.place(key))
  file.edit(bytes => {
    for (const { valueOffset, valueSize } of places) {
      const at = valueOffset + (valueSize >> 1)
      bytes.writeUInt8((bytes[at] as number) ^ 0x20, at)
    }
  })
}

function assertOthersServed(cache: Cache, lost: readonly string[]): void {
  for (const key of KEYS) {
    assert.equal(cache.get(key), lost.includes(key) ? undefined : valueFor(key), key)
  }
  assert.equal(cache.increment('counter', 0), 77)
}

const MODES: readonly (readonly [string, Partial<CacheOptions>])[] = [
  ['bitmap', {}],
  ['one block an item', { bitmap: false, blockSize: 128 }],
  ['one block an item, nothing evicted', { bitmap: false, blockSize: 128, eviction: 'none' }],
]

describe('a store after a power loss', () => {
  for (const [mode, sizes] of MODES) {
    test(`${mode}: damaged values are dropped, all others are served`, async t => {
      const { options, file } = await lostStore(t, sizes)
      damageValues(file, DAMAGED)
      const cache = openHere(t, options)
      assert.equal(cache.stats().dropped, DAMAGED.length)
      assert.deepEqual(cache.verify(), { ok: true, problems: [], items: ITEMS_LEFT })
      assertOthersServed(cache, DAMAGED)
      for (const key of DAMAGED) assert.equal(cache.set(key, 'anew'), true)
    })

    test(`${mode}: lost pages cost the items that had bytes on them, and no more`, async t => {
      const { options, file } = await lostStore(t, sizes)
      const { slotsOffset, blocksOffset } = file.layout
      const slotPage = Math.ceil(slotsOffset / PAGE_SIZE) * PAGE_SIZE
      const valuePage = blocksOffset + PAGE_SIZE
      const isOn = (offset: number, size: number, page: number) =>
        offset < page + PAGE_SIZE && offset + size > page
      const lost = KEYS.filter(key => {
        const { slotOffset, valueOffset, valueSize } = file.place(key)
        return isOn(slotOffset, 64, slotPage) || isOn(valueOffset, valueSize, valuePage)
      })
      assert.ok(lost.length > 60 && lost.length < 200)
      file.edit(bytes => {
        for (const page of [slotPage, valuePage]) bytes.fill(0, page, page + PAGE_SIZE)
      })
      const cache = openHere(t, options)
      assertOthersServed(cache, lost)
      assert.deepEqual(cache.verify().problems, [])
    })
  }

  test('several that open it at once wait for the one that checks it', async t => {
    const { options, file } = await lostStore(t)
    damageValues(file, DAMAGED)
    const processes = await startProcesses(t, 4)
    const answers = await Promise.all(
      processes.map(async one => {
        await one.open(options)
        return (await one.call('getMany', KEYS)) as readonly unknown[]
      }),
    )
    const expected = KEYS.map(key => (DAMAGED.includes(key) ? undefined : valueFor(key)))
    for (const values of answers) assert.deepEqual([...values], expected)
    assert.equal(openHere(t, options).stats().dropped, DAMAGED.length)
  })

  test('is checked again when the process that checked it was killed', async t => {
    const { options, file } = await lostStore(t)
    damageValues(file, DAMAGED)
    const child = await startChecking(t, { options, atSign: 20, signal: 'SIGKILL' })
    assert.equal((await within('it to be killed', child.exit)).signal, 'SIGKILL')
    assert.equal(file.progress, 20)
    assertOthersServed(openHere(t, options), DAMAGED)
  })

  test('that is checked for longer than others wait for a lock keeps them waiting', async t => {
    const lockTimeoutMs = 300
    const stopped = await lostStore(t, { lockTimeoutMs })
    const stuck = await startChecking(t, {
      options: stopped.options,
      atSign: 20,
      signal: 'SIGSTOP',
    })
    await until('it is stopped', () => stopped.file.progress === 20)
    const refusedAfterMs = msOf(() => {
      assert.throws(() => Cache.open(stopped.options), { code: 'UNDERCROFT_LOCK_TIMEOUT' })
    })
    await stuck.kill()
    const { options, file } = await lostStore(t, { lockTimeoutMs })
    damageValues(file, DAMAGED)
    const child = await startChecking(t, { options, atSign: 0, napMs: 60 })
    await until('the check has begun', () => file.progress > 0)
    const servedAfterMs = msOf(() => assertOthersServed(openHere(t, options), DAMAGED))
    assert.ok(servedAfterMs > refusedAfterMs, `${servedAfterMs} ms after ${refusedAfterMs}`)
    assert.equal(await child.next(), DAMAGED.length)
  })

  test('whose check is stopped is not served unchecked', async t => {
    const { options, file } = await lostStore(t, { lockTimeoutMs: 300 })
    damageValues(file, DAMAGED)
    const child = await startChecking(t, { options, atSign: 20, signal: 'SIGSTOP' })
    await until('it is stopped', () => file.progress === 20)
    assert.throws(() => Cache.open(options), { code: 'UNDERCROFT_LOCK_TIMEOUT' })
    process.kill(child.pid, 'SIGCONT')
    assert.equal(await child.next(), DAMAGED.length)
    assertOthersServed(openHere(t, options), DAMAGED)
  })

  test('whose first page is lost is refused, and left as it is', async t => {
    const { options, file } = await lostStore(t)
    file.edit(bytes => bytes.fill(0, 0, PAGE_SIZE))
    assert.throws(() => Cache.open(options), { code: 'UNDERCROFT_NOT_A_SEGMENT' })
  })
})

describe('a store is taken as it is', () => {
  test('after it was closed, whatever the machine did since', async t => {
    const { options, file } = await lostStore(t)
    const child = await CacheProcess.start(t, options)
    await child.call('set', 'last', 'written')
    await child.call('close')
    await child.kill()
    file.restartMachine()
    const before = file.progress
    const cache = openHere(t, options)
    assert.equal(file.progress, before, 'there was no recovery')
    assert.equal(cache.get('last'), 'written')
    assertOthersServed(cache, [])
  })

  test('after a kill while the machine went on', async t => {
    const { options, file } = await lostStore(t)
    const child = await CacheProcess.start(t, options)
    await child.kill()
    const before = file.progress
    assertOthersServed(openHere(t, options), [])
    assert.equal(file.progress, before, 'there was no recovery')
  })
})

test('a copy of a store that was in use is checked like one after a power loss', async t => {
  const options = { name: 'copied', store: join(tempDir(t), 'a.store'), maxItems: 100 }
  const cache = openHere(t, options)
  for (const key of KEYS.slice(0, 50)) cache.set(key, valueFor(key))
  const copy = new StoreFile(`${options.store}.copy`)
  fs.copyFileSync(options.store, copy.path)
  damageValues(copy, ['key-7'])
  const other = openHere(t, { name: 'copied', store: copy.path })
  assert.equal(other.get('key-7'), undefined)
  assert.equal(other.get('key-8'), valueFor('key-8'))
  assert.equal(cache.get('key-7'), valueFor('key-7'))
})

test('a cache without a store is empty when the machine was started again', async t => {
  const options = { name: 'plain', directory: tempDir(t), maxItems: 100 }
  const child = await CacheProcess.start(t, options)
  await child.call('set', 'k', 'v')
  await child.kill()
  const kept = Cache.open(options)
  assert.equal(kept.get('k'), 'v', 'not when all its processes ended')
  kept.close()
  new StoreFile(join(options.directory, 'plain.undercroft')).restartMachine()
  assert.equal(openHere(t, options).get('k'), undefined)
})

function msOf(work: () => void): number {
  const startMs = performance.now()
  work()
  return performance.now() - startMs
}

async function startChecking(
  t: TestContext,
  task: CheckingTask,
): Promise<Child<CheckingTask, number>> {
  const script = new URL('./checking-child.js', import.meta.url)
  const child = await Child.start<CheckingTask, number>(t, script)
  child.send(task)
  return child
}
