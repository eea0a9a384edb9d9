/** `serve` with a store: what survives, what is refused, what is replaced. */

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { RemoteCache } from '../../src/client/index.ts'
import { Cache } from '../../src/index.ts'
import { until } from '../../testing/deadline.ts'
import type { Scope } from '../../testing/scope.ts'
import { type Service, startService } from '../../testing/service.ts'
import { StoreFile } from '../../testing/store-file.ts'
import { tempDir } from '../../testing/temp-dir.ts'

/** The number of this file system in statfs(2). */
const TMPFS = 0x0102_1994

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))

function start(t: Scope, cache2: string): Promise<Service> {
  const args = [MAIN, 'serve', '--cache2', cache2, '--socket', '127.0.0.1:0']
  return startService(t, process.execPath, args)
}

async function serve(t: Scope, cache2: string): Promise<{ service: Service; address: string }> {
  const service = await start(t, cache2)
  const address = await service.waitFor('to listen', output => {
    const found = /bound to TCP address (\S+)/.exec(output)?.[1]
    return output.includes('reach it') ? found : undefined
  })
  return { service, address }
}

async function kill({ service }: { service: Service }, signal: NodeJS.Signals): Promise<void> {
  process.kill(service.pid, signal)
  await service.exit()
}

describe('a store', () => {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const mode of ['', ',bitmap=1,blocks=40', ',purge_lru=1']) {
      test(`survives ${signal} of all processes${mode && ` (${mode.slice(1)})`}`, async t => {
        const store = join(tempDir(t), 'cache.store')
        const cache2 = `name=a,items=11,blocksize=64,store=${store}${mode}`
        const first = await serve(t, cache2)
        assert.match(first.service.output(), /creating a new cache store file: /)
        await using one = await RemoteCache.connect(`a@${first.address}`)
        for (let i = 0; i < 10; i++)
          await one.set(`k${i}`, `value ${i}`.repeat(i % 3 === 0 ? 5 : 1))
        await one.get('k0')
        await kill(first, signal)
        const second = await serve(t, cache2)
        assert.match(second.service.output(), /recovered cache from backing store file: /)
        assert.match(second.service.output(), /restored 10 items/)
        await using two = await RemoteCache.connect(`a@${second.address}`)
        assert.equal(await two.get('k3'), 'value 3'.repeat(5))
        assert.equal((await two.verify()).ok, true)
        if (mode.includes('purge_lru')) {
          await two.set('newcomer', 'v')
          assert.equal(await two.has('k1'), false, 'the least recently used went')
          assert.equal(await two.has('k0'), true)
        }
      })
    }
  }

  test('that does not fit is refused in the words of uWSGI, and stays as it was', async t => {
    const store = join(tempDir(t), 'cache.store')
    using cache = Cache.open({ name: 'a', maxItems: 5, store })
    cache.set('k', 'v')
    for (const other of ['items=20', 'items=6,blocksize=64', 'items=6,keysize=9']) {
      const service = await start(t, `name=a,${other},store=${store}`)
      assert.equal(await service.exit(), 3)
      assert.match(service.output(), /invalid cache store file\. Please remove it or fix/)
    }
    assert.equal(cache.get('k'), 'v')
  })

  test('that does not fit is replaced with store_delete, but never a directory', async t => {
    const directory = tempDir(t)
    const store = join(directory, 'cache.store')
    writeFileSync(store, 'something else')
    const { service } = await serve(t, `name=a,items=10,blocksize=64,store=${store},store_delete=1`)
    assert.match(service.output(), /Removing invalid cache store file: /)
    const folder = join(directory, 'folder')
    mkdirSync(folder)
    const other = await start(t, `name=b,items=10,blocksize=64,store=${folder},store_delete=1`)
    assert.equal(await other.exit(), 3)
  })

  test('with store_sync is written to its disk every so often, by itself', async t => {
    if (process.platform !== 'linux') return t.skip('only Linux tells which pages are dirty')
    const directory = tempDir(t)
    if (statfsSync(directory).type === TMPFS) return t.skip(`${directory} is on no disk`)
    const store = join(directory, 'cache.store')
    const { service, address } = await serve(t, `name=a,items=10,store=${store},store_sync=1`)
    await using remote = await RemoteCache.connect(`a@${address}`)
    for (const key of ['first', 'second']) {
      await until('a page has changed', async () => {
        await remote.set(key, 'v')
        return dirtyKilobytes(service.pid, store) > 0
      })
      // The kernel by itself waits for 30 seconds.
      await until('all pages are written', () => dirtyKilobytes(service.pid, store) === 0)
    }
  })

  test('is marked as whole when serve ends, and not while it runs', async t => {
    const file = new StoreFile(join(tempDir(t), 'cache.store'))
    const first = await serve(t, `name=a,items=10,store=${file.path}`)
    assert.equal(file.isClosed, false)
    await kill(first, 'SIGTERM')
    assert.equal(file.isClosed, true)
  })

  test('is flushed when asked, while the process goes on', async t => {
    const store = join(tempDir(t), 'cache.store')
    using cache = Cache.open({ name: 'a', maxItems: 100, store })
    cache.set('k', 'v')
    await cache.flush()
    cache.sync()
    assert.equal(cache.get('k'), 'v')
  })
})

/** Of a file that a process has mapped: what changed since it was last written to the disk. */
function dirtyKilobytes(pid: number, file: string): number {
  let kilobytes = 0
  let isOfFile = false
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n')) {
    // The process that created the file has mapped it under a temporary name, which begins with the
    // name of the file.
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) isOfFile = line.includes(file)
    const dirty = /^(?:Shared|Private)_Dirty: +(\d+) kB/.exec(line)
    if (isOfFile && dirty !== null) kilobytes += Number(dirty[1])
  }
  return kilobytes
}
