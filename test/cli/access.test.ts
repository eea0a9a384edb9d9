/** Who may use what `serve` listens on, as options say it. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ask } from '../../testing/magic.ts'
import { exchange, RawClient } from '../../testing/raw-client.ts'
import type { Scope } from '../../testing/scope.ts'
import { startService } from '../../testing/service.ts'
import { memoryDir, tempDir } from '../../testing/temp-dir.ts'
import { FakeMachine } from './fake-environment.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))
const DEMO = ['--cache2', 'name=demo,items=10,blocksize=64'] as const
const SECRET = 'made of more than sixteen bytes'

function secretFile(t: Scope, text = SECRET, mode = 0o600): string {
  const path = join(tempDir(t), 'secret')
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise(resolve => {
    execFile(process.execPath, [MAIN, ...args], (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err })
    })
  })
}

describe('the options of a socket', () => {
  test('follow its address, on the command line and in an INI file', async t => {
    const path = secretFile(t, `${SECRET}\n`)
    const machine = new FakeMachine()
    machine.files = {
      'app.ini': `[uwsgi]\nsocket = :2,read_only=1\nsocket = 10.0.0.1:3,secret_file=${path}\n`,
    }
    const allowed = '127.0.0.1:1,allow=10.0.0.0/8;::1'
    await machine.run('serve', ...DEMO, '-s', allowed, '--allow-public', 'app.ini')
    assert.deepEqual(
      machine.listening.map(socket => socket.access),
      [
        { readOnly: false, allow: ['10.0.0.0/8', '::1'] },
        { readOnly: true },
        { readOnly: false, secret: SECRET },
      ],
    )
  })

  test('are refused with their name when they are none, or have no value', async () => {
    const machine = new FakeMachine()
    for (const [text, message] of [
      [':1,alow=10.0.0.1', /has no name "alow".*allow/],
      [':1,allow', /needs a value: allow=/],
      [':1,secret_file=/nowhere/at/all', /cannot be read \(ENOENT\)/],
    ] as const) {
      const { code, err } = await machine.run('serve', ...DEMO, '-s', text)
      assert.notEqual(code, 0, text)
      assert.match(err, message)
    }
    const http = await machine.run('serve', ...DEMO, '--http', ':1,allow=10.0.0.1')
    assert.match(http.err, /has no name "allow"/)
  })

  test('take a secret only from a file that is not for everybody', async t => {
    const machine = new FakeMachine()
    const open = `:1,secret_file=${secretFile(t, SECRET, 0o644)}`
    assert.match((await machine.run('serve', ...DEMO, '-s', open)).err, /run chmod o-rwx on it/)
    const folder = `:1,secret_file=${tempDir(t)}`
    assert.match((await machine.run('serve', ...DEMO, '-s', folder)).err, /is not a regular file/)
  })
})

describe('undercroft serve', () => {
  test('refuses an address that other machines reach without allow-public', async t => {
    const home = ['--directory', memoryDir(t)]
    for (const where of [
      ['--socket', '0.0.0.0:0'],
      ['--socket', '127.0.0.1:0', '--stats', '0.0.0.0:0'],
      ['--socket', '127.0.0.1:0', '--cache2', 'name=u,items=5,udp=0.0.0.0:0'],
      ['--socket', '0.0.0.0:0', '--processes', '1'],
    ]) {
      const { code, err } = await run('serve', ...DEMO, ...home, ...where)
      assert.notEqual(code, 0, where.join(' '))
      assert.match(err, /can be reached from other machines.*allow-public/s)
    }
  })

  for (const [how, crew] of [
    ['alone', []],
    ['with workers', ['--processes', '1']],
  ] as const) {
    test(`${how} serves the command with the secret, and nobody without`, async t => {
      const path = secretFile(t)
      const args = ['--socket', `127.0.0.1:0,secret_file=${path}`, '--directory', memoryDir(t)]
      const all = [MAIN, 'serve', ...DEMO, ...args, ...crew]
      const service = await startService(t, process.execPath, all)
      const address = await service.waitFor('to be ready', output =>
        /reach it/.test(output) ? /TCP address (\S+)/.exec(output)?.[1] : undefined,
      )
      const cache = ['--cache', `demo@${address}`]
      assert.equal((await run('set', 'k', 'v', ...cache, '--secret-file', path)).code, 0)
      assert.equal((await run('get', 'k', ...cache, '--secret-file', path)).out, 'v')
      assert.match((await run('get', 'k', ...cache)).err, /needs a secret/)
      assert.equal((await exchange(address, Buffer.from('6f0100006b', 'hex'))).length, 0)
    })

    test(`${how} keeps a read-only socket read-only, and closes who is not allowed`, async t => {
      const sockets = ['--socket', '127.0.0.1:0,read_only=1', '--socket', '127.0.0.1:0,allow=::1']
      const all = [MAIN, 'serve', ...DEMO, ...sockets, '--directory', memoryDir(t), ...crew]
      const service = await startService(t, process.execPath, all)
      const addresses = await service.waitFor('to be ready', output =>
        /reach it/.test(output)
          ? [...output.matchAll(/TCP address (\S+)/g)].map(match => match[1])
          : undefined,
      )
      const set = await run('set', 'k', 'v', '--cache', `demo@${addresses[0]}`)
      assert.match(set.err, /read-only at this address/)
      // Closed without a word, which the protocol's clients take for a no.
      const shut = await run('set', 'k', 'v', '--cache', `demo@${addresses[1]}`)
      assert.notEqual(shut.code, 0)
      assert.equal((await run('exists', 'k', '--cache', `demo@${addresses[0]}`)).code, 1)
    })
  }

  test('hands its limits on: one connection more than max-connections is closed', async t => {
    const limits = ['--max-connections', '1', '--keep-timeout', '50', '--max-buffered-size', '100']
    const all = [MAIN, 'serve', ...DEMO, '--socket', '127.0.0.1:0', ...limits]
    const service = await startService(t, process.execPath, [...all, '--directory', memoryDir(t)])
    const address = await service.waitFor('to be ready', output =>
      /reach it/.test(output) ? /TCP address (\S+)/.exec(output)?.[1] : undefined,
    )
    const first = await RawClient.connect(address)
    assert.equal((await ask(first, { cmd: 'exists', key: 'k' })).fields.status, 'miss')
    assert.equal((await exchange(address, Buffer.from('6f0100006b', 'hex'))).length, 0)
    first.close()
  })
})

describe('a command', () => {
  test('takes a secret for a cache on a server only', async t => {
    const machine = new FakeMachine()
    const path = secretFile(t)
    const { code, err } = await machine.run('get', 'k', '--secret-file', path)
    assert.equal(code, 2)
    assert.match(err, /--secret-file is for caches on a server/)
  })
})
