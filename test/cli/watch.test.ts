/** `undercroft watch` as a process that another terminal stops. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { Cache } from '../../src/index.ts'
import { until, within } from '../../testing/deadline.ts'
import { MAIN } from '../../testing/root.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'

interface Watching {
  readonly cache: Cache
  readonly child: ChildProcess
  lines(): string[]
}

/** Starts the command, and waits until it prints the changes of a key that it watches. */
async function watch(t: Scope, ready: string, ...args: string[]): Promise<Watching> {
  const directory = memoryDir(t)
  const cache = Cache.open({ name: 'watched', maxItems: 10, directory, events: 4096 })
  onEnd(t, () => cache.close())
  const child = spawn(process.execPath, [
    MAIN,
    'watch',
    'watched',
    ...args,
    '--directory',
    directory,
  ])
  onEnd(t, async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  const lines = () => out.split('\n').slice(0, -1)
  await until('it prints', () => {
    cache.set(ready, 0)
    return lines().length > 0
  })
  return { cache, child, lines: () => lines().filter(line => !line.includes(ready)) }
}

describe('undercroft watch', () => {
  test('prints each change as a line until it is stopped', async t => {
    const { cache, child, lines } = await watch(t, 'ready')
    cache.set('a', 1)
    cache.delete('a')
    cache.deleteTag('t', { soft: true })
    cache.namespace('users').clear()
    cache.clear()
    await until('all lines', () => lines().length === 5)
    assert.deepEqual(lines(), [
      ...['set a', 'delete a', 'invalidate t softly', 'clear users:', 'clear'],
    ])
    const exit = once(child, 'exit')
    child.kill('SIGINT')
    assert.deepEqual(await within('its end', exit), [0, null])
  })

  test('prints JSON, and only keys that begin with a prefix', async t => {
    const { cache, lines } = await watch(t, 'user:ready', 'user:', '--json')
    cache.set('other', 1)
    cache.set('user:1', 1)
    cache.clear()
    await until('all lines', () => lines().length === 2)
    const [set, clear] = lines().map(line => JSON.parse(line))
    const { version, ...rest } = set
    assert.deepEqual(rest, { event: 'set', key: 'user:1' })
    assert.ok(Number.isSafeInteger(version))
    assert.deepEqual(clear, { event: 'clear', prefix: '', full: false })
  })

  test('ends when nothing reads its output any more', async t => {
    const { cache, child } = await watch(t, 'ready')
    let isOver = false
    child.once('exit', () => {
      isOver = true
    })
    child.stdout?.destroy()
    await until('its end', () => {
      cache.set('k', 1)
      return isOver
    })
  })

  test('says what is missing for a cache without events, and for one on a server', t => {
    const directory = memoryDir(t)
    const cache = Cache.open({ name: 'silent', maxItems: 10, directory })
    onEnd(t, () => cache.close())
    const args = [MAIN, 'watch', 'silent', '--directory', directory]
    const { status, stderr } = spawnSync(process.execPath, args)
    assert.equal(status, 3)
    assert.match(stderr.toString(), /without the option events.*UNDERCROFT_NO_EVENTS/)
  })
})
