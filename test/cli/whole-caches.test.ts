/** What `get` prints for each type, and the commands that work on whole caches by name. */

import assert from 'node:assert/strict'
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { HttpCache } from '../../src/http-cache/index.ts'
import { Cache } from '../../src/index.ts'
import { MAIN } from '../../testing/root.ts'
import type { Scope } from '../../testing/scope.ts'
import { memoryDir, tempDir } from '../../testing/temp-dir.ts'
import { FakeMachine } from './fake-environment.ts'

function undercroft(args: readonly string[], input: string | Buffer = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { input })
  return { code: status, out: stdout, err: stderr.toString() }
}

function openIn(t: Scope, directory: string, name: string): Cache {
  const cache = Cache.open({ name, maxItems: 100, directory, memory: 'shared' })
  t.after(() => cache.close())
  return cache
}

describe('undercroft get', () => {
  test('prints values as their types are, and their bytes with --raw', t => {
    const directory = memoryDir(t)
    const cache = openIn(t, directory, 'typed')
    const at = ['--cache', 'typed', '--directory', directory]
    cache.set('count', 42)
    cache.set('data', { a: [1] })
    cache.set('map', new Map([['a', 1]]))
    cache.set('odd', 'a\ud800')
    const get = (key: string, ...more: string[]) => undercroft(['get', key, ...at, ...more]).out
    assert.equal(get('count').toString(), '42')
    assert.equal(get('data').toString(), '{"a":[1]}')
    assert.equal(get('map').toString(), "Map(1) { 'a' => 1 }")
    assert.deepEqual(get('count', '--raw'), Buffer.from([42, 0, 0, 0, 0, 0, 0, 0]))
    const json = JSON.parse(get('count', '--json').toString())
    assert.deepEqual([json.type, json.value], ['integer', 42])
    assert.deepEqual(JSON.parse(get('data', '--json').toString()).value, { a: [1] })
    assert.equal(JSON.parse(get('odd', '--json').toString()).value, 'a\ud800')
  })
})

describe('undercroft dump and load', () => {
  for (const form of [[], ['--binary']]) {
    test(`copy a cache to another ${form.join(' ')}`, t => {
      const directory = memoryDir(t)
      const from = openIn(t, directory, 'from')
      const to = openIn(t, directory, 'to')
      for (let i = 0; i < 50; i++) from.set(`k${i}`, { i })
      from.set('date', new Date(5))
      const dumped = undercroft(['dump', 'from', '--directory', directory, ...form])
      assert.deepEqual([dumped.code, dumped.err], [0, ''])
      const loaded = undercroft(['load', 'to', '--directory', directory], dumped.out)
      assert.equal(loaded.code, 1)
      assert.equal(loaded.out.toString(), '50 stored\n')
      assert.match(loaded.err, /1 not stored: .*--trusted/)
      const all = ['load', 'to', '--directory', directory, '--trusted', '--json']
      const report = JSON.parse(undercroft(all, dumped.out).out.toString())
      assert.deepEqual(report, { stored: 51, expired: 0, refused: 0, unreadable: 0 })
      assert.deepEqual(to.get('k49'), { i: 49 })
      assert.deepEqual(to.get('date'), new Date(5))
    })
  }

  test('fail with a code when the dump was cut short', t => {
    const directory = memoryDir(t)
    const from = openIn(t, directory, 'from')
    from.set('k', 'v')
    const { out } = undercroft(['dump', 'from', '--directory', directory])
    const { code, err } = undercroft(
      ['load', 'from', '--directory', directory],
      out.subarray(0, out.length - 5),
    )
    assert.equal(code, 3)
    assert.match(err, /stored so far: 1\) \(UNDERCROFT_TRUNCATED\)/)
  })

  test('show their progress on a terminal only, and leave no trace of it', async () => {
    const machine = new FakeMachine()
    machine.cache.set('k', Buffer.from('v'))
    assert.equal((await machine.run('dump', 'default')).err, '')
    machine.isTTY = true
    const { err } = await machine.run('dump', 'default')
    assert.match(err, /^\r\d+ items, /)
    assert.ok(err.endsWith('\r\u001b[K'))
  })
})

describe('undercroft purge', () => {
  test('removes pages of an HTTP cache by tag, prefix and URL', async t => {
    const directory = memoryDir(t)
    const options = { maxItems: 100, maxTags: 8192 } // so that no two places share a tag
    const cache = Cache.open({ name: 'responses', directory, memory: 'shared', ...options })
    t.after(() => cache.close())
    const handler = new HttpCache({ cache }).handler(({ url }) => {
      const { pathname } = new URL(url)
      const headers = { 'cache-control': 'max-age=60', 'cache-tag': `path:${pathname}` }
      return new Response(pathname, { headers })
    })
    const ask = async (path: string) => {
      const response = await handler(new Request(`http://a.test${path}`))
      await response.text()
      return response.headers.get('cache-status')?.split('; ')[1]
    }
    const at = ['--cache', 'responses', '--directory', directory]
    const paths = ['/a', '/news/1', '/b', '/c', '/d']
    for (const path of paths) await ask(path)
    const by = ['--tag', 'path:/a', '--prefix', '/news/', '--url', '/b', '--url', 'http://a.test/c']
    const purged = undercroft(['purge', ...by, ...at, '--json'])
    assert.deepEqual([purged.code, purged.out.toString()], [0, '{"purged":true}\n'])
    const statuses = []
    for (const path of paths) statuses.push(await ask(path))
    assert.deepEqual(statuses, [...Array(4).fill('fwd=uri-miss'), 'hit'])
    assert.equal(undercroft(['purge', '--soft', '--tag', 'path:/d', ...at]).code, 0)
    assert.equal(await ask('/d'), 'hit')
  })

  test('refuses to purge nothing', async () => {
    const { code, err } = await new FakeMachine().run('purge')
    assert.equal(code, 2)
    assert.match(err, /nothing to purge; add --tag/)
  })

  test('refuses a cache without tags', async () => {
    const { code, err } = await new FakeMachine().run('purge', '--tag', 'a')
    assert.equal(code, 2)
    assert.match(err, /only if the cache of the HttpCache has tags/)
  })
})

describe('undercroft destroy', () => {
  test('removes a cache, also one of an instance', t => {
    const directory = memoryDir(t)
    openIn(t, directory, 'one')
    openIn(t, directory, 'blog/pages')
    const args = ['--directory', directory, '--json']
    const destroyed = undercroft(['destroy', 'blog/pages', ...args])
    assert.deepEqual([destroyed.code, destroyed.out.toString()], [0, '{"destroyed":true}\n'])
    assert.equal(undercroft(['list', ...args]).out.toString(), '["one"]\n')
  })

  test('refuses a name that is not there, and suggests one that is', async () => {
    const machine = new FakeMachine()
    machine.names = ['sessions']
    const { code, err } = await machine.run('destroy', 'sesions')
    assert.equal(code, 3)
    assert.match(err, /no cache "sesions" .*did you mean "sessions"\?.*UNDERCROFT_NO_SUCH_CACHE/)
    assert.equal((await machine.run('destroy', 'a@host:3031')).code, 2)
    assert.equal((await machine.run('destroy')).code, 2)
    assert.deepEqual(machine.names, ['sessions'])
  })
})

test('a mistyped name of a cache gets a suggestion', t => {
  const directory = memoryDir(t)
  openIn(t, directory, 'sessions')
  const { err } = undercroft(['get', 'k', '--cache', 'sesions', '--directory', directory])
  assert.match(err, /no cache "sesions" on this machine; did you mean "sessions"\?/)
})

describe('undercroft completion', () => {
  test('of bash completes commands, options, and names of caches', t => {
    const directory = tempDir(t)
    const script = join(directory, 'completion.bash')
    writeFileSync(script, undercroft(['completion', 'bash']).out)
    const complete = (...words: string[]) => {
      const program = `undercroft() { echo sessions; }
        source ${script}
        COMP_WORDS=(undercroft ${words.map(word => `'${word}'`).join(' ')})
        COMP_CWORD=${words.length}
        _undercroft
        echo "\${COMPREPLY[@]}"`
      return execFileSync('bash', ['-c', program], { encoding: 'utf8' }).trim()
    }
    assert.equal(complete('du'), 'dump')
    assert.equal(complete('get', '--ra'), '--raw')
    assert.equal(complete('get', '--cache', 'se'), 'sessions')
    assert.equal(complete('dump', 'se'), 'sessions')
  })

  test('names every command for zsh and fish, and refuses other shells', async () => {
    const machine = new FakeMachine()
    for (const shell of ['zsh', 'fish']) {
      const { code, out } = await machine.run('completion', shell)
      assert.equal(code, 0)
      for (const name of ['get', 'serve', 'completion'])
        assert.match(out, new RegExp(`\\b${name}\\b`))
    }
    assert.equal((await machine.run('completion', 'tcsh')).code, 2)
  })
})

test('a get loads neither the servers nor the runner', async () => {
  const probe = `
    import { register } from 'node:module'
    const hook = 'export async function load(url, context, next) {' +
      'console.error("loaded " + url); return next(url, context) }'
    register('data:text/javascript,' + encodeURIComponent(hook))`
  const start = `data:text/javascript,${encodeURIComponent(probe)}`
  const args = ['--import', start, MAIN, 'get', 'k', '--cache', 'absent-cache']
  const err = await new Promise<string>(resolve => {
    execFile(process.execPath, args, (_error, _out, text) => resolve(text))
  })
  const loaded = err.split('\n').filter(line => line.startsWith('loaded file:'))
  assert.ok(
    loaded.some(line => line.endsWith('/cache/index.js')),
    err,
  )
  const needless = loaded.filter(line => /\/(runner|server|client|http-cache|dump)\//.test(line))
  assert.deepEqual(needless, [])
})
