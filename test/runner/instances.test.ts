/**
 * Caches belong to their instance: two instances do not meet, and memory ends with its master.
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { RemoteCache } from '../../src/client/index.ts'
import { Cache } from '../../src/index.ts'
import { until } from '../../testing/deadline.ts'
import { APP, MAIN, startServe, untilGone } from '../../testing/runner-process.ts'
import type { Scope } from '../../testing/scope.ts'
import { type Service, startService } from '../../testing/service.ts'
import { memoryDir, tempDir } from '../../testing/temp-dir.ts'

const run = promisify(execFile)

interface Instance {
  readonly service: Service
  readonly name: string
  /** The first socket. */
  readonly address: string
}

/** Starts an instance without workers, in the directory of a test. */
async function serve(t: Scope, directory: string, args: readonly string[]): Promise<Instance> {
  const all = [MAIN, 'serve', '--directory', directory, '--socket', '127.0.0.1:0', ...args]
  const service = await startService(t, process.execPath, all)
  const address = await service.waitFor('to listen', output => {
    const found = /bound to TCP address (\S+)/.exec(output)?.[1]
    return output.includes('reach it') ? found : undefined
  })
  return { service, name: /^instance (\S+)$/m.exec(service.output())?.[1] ?? '', address }
}

async function end({ service }: Instance, signal: NodeJS.Signals): Promise<void> {
  process.kill(service.pid, signal)
  await service.exit()
}

/** Runs a command on the caches of the directory. */
async function command(directory: string, args: readonly string[]): Promise<string> {
  const all = [MAIN, ...args, '--directory', directory]
  const { stdout, stderr } = await run(process.execPath, all).catch(error => error)
  return `${stdout}${stderr}`.trim()
}

/** Stores a page at an instance, under the key `/`. */
async function put({ address }: Instance, value: string): Promise<void> {
  await using remote = await RemoteCache.connect(`pages@${address}`)
  await remote.set('/', value)
}

async function page({ address }: Instance): Promise<string | undefined> {
  await using remote = await RemoteCache.connect(`pages@${address}`)
  const value = await remote.get('/')
  return value === undefined ? undefined : String(value)
}

function ini(directory: string, text: string): string {
  const file = join(directory, 'app.ini')
  writeFileSync(file, `[uwsgi]\n${text}\n`)
  return file
}

const PAGES = ['--cache2', 'name=pages,items=100,blocksize=1000']

describe('two instances of one user', () => {
  test('with caches of the same name, and even other sizes, never meet', async t => {
    const directory = memoryDir(t)
    const text = 'cache2 = name=pages,items=100,blocksize=1000'
    const one = await serve(t, directory, [ini(tempDir(t), text)])
    const two = await serve(t, directory, [ini(tempDir(t), `${text}0,bitmap=1`)])
    assert.match(one.name, /^app-[0-9a-f]{8}$/)
    assert.notEqual(one.name, two.name)
    await put(one, 'of one')
    assert.equal(await page(two), undefined)
    await put(two, 'of two')
    assert.equal(await page(one), 'of one')
  })

  test('are reached from outside by instance/name, and both are listed', async t => {
    const directory = memoryDir(t)
    const one = await serve(t, directory, [...PAGES, '--instance', 'one'])
    await put(one, 'of one')
    assert.equal(await command(directory, ['get', '/', '--cache', 'pages']), 'of one')
    const two = await serve(t, directory, [...PAGES, '--instance', 'two'])
    await put(two, 'of two')
    using cache = Cache.open({ name: 'two/pages', directory })
    assert.deepEqual([cache.get('/'), cache.name], ['of two', 'pages'])
    assert.equal(await command(directory, ['get', '/', '--cache', 'one/pages']), 'of one')
    assert.equal(await command(directory, ['list']), 'one/pages\ntwo/pages')
    assert.match(
      await command(directory, ['get', '/', '--cache', 'pages']),
      /several instances have a cache "pages": name one of one\/pages, two\/pages/,
    )
    const top = await command(directory, ['top', '--once', 'one/pages'])
    assert.match(top, /one\/pages/)
  })

  test('share a cache that both call shared, with every program of the user', async t => {
    const directory = memoryDir(t)
    const shared = ['--cache2', 'name=pages,items=100,blocksize=1000,shared=1']
    const one = await serve(t, directory, shared)
    const two = await serve(t, directory, shared)
    await put(one, 'of one')
    assert.equal(await page(two), 'of one')
    using cache = Cache.open({ name: 'pages', directory, maxItems: 100 })
    assert.equal(cache.get('/'), 'of one', 'uWSGI counts a place that stays empty')
  })

  test('that attach to one which Cache.open made for as many items agree with it', async t => {
    const directory = memoryDir(t)
    using cache = Cache.open({
      name: 'pages',
      directory,
      ...{ maxItems: 100, blockSize: 1000, bitmap: false, eviction: 'none', maxKeySize: 2048 },
    })
    cache.set('/', 'of a script')
    const shared = ['--cache2', 'name=pages,items=100,blocksize=1000,shared=1']
    assert.equal(await page(await serve(t, directory, shared)), 'of a script')
  })

  test('of the same name do not run at once: the second says which process runs', async t => {
    const directory = memoryDir(t)
    const file = ini(tempDir(t), 'cache2 = name=pages,items=100')
    const one = await serve(t, directory, [file])
    await put(one, 'of one')
    const out = await command(directory, ['serve', file])
    assert.match(out, new RegExp(`instance "${one.name}" runs already \\(process \\d+\\)`))
    assert.match(out, new RegExp(`process ${one.service.pid}\\).*--instance NAME`))
    assert.equal(await page(one), 'of one')
  })
})

describe('a script without configuration', () => {
  const script = `
    const { cache } = await import(process.argv[1])
    console.log(cache.shared, cache.get('/'))`

  async function auto(): Promise<string> {
    const module = new URL('../../src/auto.js', import.meta.url).href
    const args = ['--input-type=module', '-e', script, module]
    const env = { ...process.env, UNDERCROFT_QUIET: '1' }
    const { stdout } = await run(process.execPath, args, { env })
    return stdout.trim()
  }

  test('does not read the default cache of a project', async t => {
    const file = ini(tempDir(t), 'cache2 = name=default,items=100\nadd-cache-item = /=a-secret')
    const all = [MAIN, 'serve', file, '--socket', '127.0.0.1:0']
    const service = await startService(t, process.execPath, all)
    await service.waitFor('to listen', output => (output.includes('reach it') ? true : undefined))
    assert.doesNotMatch(await auto(), /a-secret/)
  })
})

describe('the caches of an instance', () => {
  test('are gone at its stop and empty at its start: a deploy serves version 2', async t => {
    const directory = memoryDir(t)
    const home = tempDir(t)
    const cache2 = 'cache2 = name=pages,items=100,blocksize=1000'
    const file = ini(home, `${cache2}\nadd-cache-item = /=version-1\nadd-cache-item = /old=gone`)
    const first = await serve(t, directory, [file])
    assert.equal(await page(first), 'version-1')
    await end(first, 'SIGTERM')
    assert.deepEqual(readdirSync(directory), [], 'the memory is given back')
    ini(home, `${cache2}\nadd-cache-item = /=version-2`)
    const second = await serve(t, directory, [file])
    assert.equal(second.name, first.name)
    assert.equal(await page(second), 'version-2')
    await using remote = await RemoteCache.connect(`pages@${second.address}`)
    assert.equal(await remote.get('/old'), undefined)
  })

  test('stay at its stop with keep=1, but only where the next start finds them', async t => {
    const directory = memoryDir(t)
    const kept = ['--cache2', 'name=pages,items=100,keep=1']
    const first = await serve(t, directory, [...kept, '--instance', 'shop', ...['--cache', '10']])
    await put(first, 'kept')
    await end(first, 'SIGTERM')
    assert.deepEqual(readdirSync(directory), ['shop:pages.undercroft'])
    const second = await serve(t, directory, [...kept, '--instance', 'shop'])
    assert.equal(await page(second), 'kept')
    const nameless = ['serve', ...kept, '--socket', '127.0.0.1:0']
    assert.match(await command(directory, nameless), /keep=1.*--instance NAME/)
  })

  test('of a killed master are removed by the next start of the same instance', async t => {
    const directory = memoryDir(t)
    const args = [...PAGES, '--cache2', 'name=other,items=100', '--instance', 'shop']
    const first = await serve(t, directory, args)
    await put(first, 'of the first')
    await end(first, 'SIGKILL')
    assert.equal(readdirSync(directory).length, 3, 'both caches and the lock are left')
    const second = await serve(t, directory, [...PAGES, '--instance', 'shop'])
    assert.equal(await page(second), undefined)
    assert.deepEqual(readdirSync(directory).sort(), ['shop.instance', 'shop:pages.undercroft'])
  })

  test('of a killed master without a name are removed by the next start of any', async t => {
    const directory = memoryDir(t)
    const first = await serve(t, directory, PAGES)
    assert.match(first.name, /^serve-[0-9a-f]{8}$/)
    await end(first, 'SIGKILL')
    const running = await serve(t, directory, PAGES)
    await put(running, 'still here')
    await serve(t, directory, [...PAGES, '--instance', 'shop'])
    const names = readdirSync(directory)
    assert.ok(!names.some(name => name.startsWith(first.name)), names.join())
    assert.equal(await page(running), 'still here')
  })

  test('survive a reload and the death of a worker, and not that of the master', async t => {
    const args = ['--module', APP, '--http', '127.0.0.1:0', '--instance', 'shop', ...PAGES]
    const runner = await startServe(t, [...args, '--processes', '2'])
    await runner.get('/set?key=/&value=kept&cache=pages')
    process.kill(runner.workers[0] as number, 'SIGKILL')
    await runner.waitForLine(/^Respawned undercroft worker/)
    assert.equal((await runner.get('/get?key=/&cache=pages')).body, 'kept')
    runner.signal('SIGHUP')
    await runner.waitForLine(/^worker \d \(pid: \d+\) (done|killed by SIGKILL)$/)
    await runner.waitForLine(/^worker \d \(pid: \d+\) (done|killed by SIGKILL)$/)
    assert.equal((await runner.get('/get?key=/&cache=pages')).body, 'kept')
    runner.signal('SIGKILL')
    await untilGone([runner.service.pid])
    await until('the orphans to remove the cache', () => {
      return !readdirSync(runner.directory).some(name => name.endsWith('.undercroft'))
    })
  })
})
