/** The command as a process: what a shell, a supervisor and a second terminal see. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Scope } from '../../testing/scope.ts'
import { type Service, startService } from '../../testing/service.ts'
import { memoryDir, tempDir } from '../../testing/temp-dir.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))

interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

function run(...args: string[]): Promise<Outcome> {
  return new Promise(resolve => {
    execFile(process.execPath, [MAIN, ...args], (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err })
    })
  })
}

interface Served {
  readonly service: Service
  readonly port: string
}

async function serve(t: Scope, ...args: string[]): Promise<Served> {
  const service = await startService(t, process.execPath, [MAIN, 'serve', ...args])
  const port = await service.waitFor('how to reach it', output =>
    output.includes('Python under uWSGI')
      ? (/TCP address 127\.0\.0\.1:(\d+)/.exec(output)?.[1] ?? '')
      : undefined,
  )
  return { service, port }
}

function stop({ service }: Served, signal: NodeJS.Signals): Promise<number | null> {
  process.kill(service.pid, signal)
  return service.exit()
}

describe('undercroft serve', () => {
  test('serves one cache to local and remote commands, over TCP and a Unix socket', async t => {
    const directory = memoryDir(t)
    const socketPath = join(tempDir(t), 'cache.sock')
    const { port } = await serve(
      t,
      ...['--cache2', 'name=shop,items=100', '--socket', '127.0.0.1:0'],
      ...['--socket', socketPath, '--directory', directory],
    )
    const tcp = ['--cache', `shop@127.0.0.1:${port}`]
    const local = ['--cache', 'shop', '--directory', directory]
    assert.equal((await run('set', 'k', 'v', ...local)).code, 0)
    assert.equal((await run('get', 'k', ...tcp)).out, 'v')
    assert.equal((await run('get', 'k', '--cache', `shop@${socketPath}`)).out, 'v')
    assert.equal((await run('add', 'k', 'w', ...tcp)).code, 1)
    assert.equal((await run('inc', 'n', '5', ...tcp)).out.trim(), '5')
    assert.equal((await run('inc', 'n', ...local)).out.trim(), '6')
    assert.equal((await run('exists', 'nobody', ...tcp)).code, 1)
    const keys = JSON.parse((await run('keys', '--json', ...tcp)).out) as string[]
    assert.deepEqual(keys.sort(), ['k', 'n'])
    assert.equal(JSON.parse((await run('stats', '--json', ...local)).out).items, 2)
    assert.equal((await run('verify', ...tcp)).code, 0)
    assert.equal((await run('del', 'k', ...local)).code, 0)
    assert.equal((await run('get', 'k', ...tcp)).code, 1)
  })

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`ends by ${signal} with exit code 0, and its port is free`, async t => {
      const options = ['--cache2', 'name=a,items=10', '--directory', memoryDir(t)]
      const first = await serve(t, ...options, '--socket', '127.0.0.1:0')
      assert.equal(await stop(first, signal), 0)
      const again = await serve(t, ...options, '--socket', `127.0.0.1:${first.port}`)
      assert.equal(again.port, first.port)
    })
  }

  test('names an application that does not exist, without the stack of its search', async t => {
    const app = ['--module', './absent.js', '--http', '127.0.0.1:0']
    const { code, out, err } = await run('serve', ...app, '--directory', memoryDir(t))
    assert.notEqual(code, 0)
    assert.match(err, /undercroft: there is neither a file .*absent\.js nor a package/)
    assert.doesNotMatch(out + err, /^ +at /m)
  })

  test('keeps what a cache with keep=1 holds when it is started again', async t => {
    const options = ['--instance', 'app', '--cache2', 'name=a,items=10,keep=1']
    options.push('--directory', memoryDir(t))
    const first = await serve(t, ...options, '--socket', '127.0.0.1:0')
    await run('set', 'k', 'v', '--cache', `a@127.0.0.1:${first.port}`)
    await stop(first, 'SIGTERM')
    const second = await serve(t, ...options, '--socket', '127.0.0.1:0')
    assert.equal((await run('get', 'k', '--cache', `a@127.0.0.1:${second.port}`)).out, 'v')
  })

  test('with no_expire never lets an item end', async t => {
    const rest = ['--directory', memoryDir(t), '--socket', '127.0.0.1:0']
    const { port } = await serve(t, '--cache2', 'name=a,items=10,no_expire=1', ...rest)
    const there = ['--cache', `a@127.0.0.1:${port}`]
    await run('set', 'k', 'v', '--ttl', '1', ...there)
    assert.match((await run('ttl', 'k', ...there)).out, /never/)
  })

  test('started with other sizes makes the cache anew, if nobody else has it open', async t => {
    const directory = memoryDir(t)
    const rest = ['--directory', directory, '--socket', '127.0.0.1:0']
    const first = await serve(t, '--cache2', 'name=a,items=10,shared=1', ...rest)
    const other = await run('serve', '--cache2', 'name=a,items=20,shared=1', ...rest)
    assert.equal(other.code, 3)
    assert.match(other.err, /UNDERCROFT_GEOMETRY_MISMATCH/)
    await stop(first, 'SIGTERM')
    const second = await serve(t, '--cache2', 'name=a,items=20,shared=1', ...rest)
    assert.match(second.service.output(), /"a" initialized: .*items: 19/)
  })

  test('names the port when another program has it', async t => {
    const options = ['--cache2', 'name=a,items=10', '--directory', memoryDir(t)]
    const { port } = await serve(t, ...options, '--socket', '127.0.0.1:0')
    const other = await run('serve', ...options, '--socket', `127.0.0.1:${port}`)
    assert.equal(other.code, 3)
    assert.match(other.err, new RegExp(`port ${port} is in use`))
  })
})

describe('a command on a cache that is not there', () => {
  test('fails with the code, and does not make one', async t => {
    const { code, err } = await run('get', 'k', '--cache', 'absent', '--directory', memoryDir(t))
    assert.equal(code, 3)
    assert.match(err, /UNDERCROFT_NO_SUCH_CACHE/)
  })

  test('or on a server that is not there says which address', async () => {
    const { code, err } = await run('get', 'k', '--cache', 'a@127.0.0.1:1')
    assert.equal(code, 3)
    assert.match(err, /127\.0\.0\.1:1.*UNDERCROFT_CONNECTION/)
  })
})

test('a command on a cache that does not exist says how to create it', async t => {
  const { code, err } = await run('keys', '--cache', 'absent', '--directory', memoryDir(t))
  assert.equal(code, 3)
  assert.match(err, /no cache "absent" on this machine; .* serve --cache2 name=absent,items=/)
})
