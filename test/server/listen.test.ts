/**
 * Where a server listens, what it leaves behind, and how it ends.
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { serveCaches } from '../../src/server/index.ts'
import { describeEachWay } from '../../testing/accept-ways.ts'
import { until } from '../../testing/deadline.ts'
import { ask, magic, receiveMagic } from '../../testing/magic.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'
import { exchange, RawClient } from '../../testing/raw-client.ts'

const cache = openTestCache({ name: 'first' })
const EXISTS = magic({ cmd: 'exists', key: 'k' })

let directory: string
let path: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'net'))
  path = join(directory, 'cache.sock')
  cache.clear()
  cache.set('k', Buffer.from('v'))
})

afterEach(() => rmSync(directory, { recursive: true }))

describeEachWay('a Unix socket', () => {
  test('serves, has mode 0600, and is removed on close with nothing left', async () => {
    const server = await serveCaches([cache], { listen: path })
    assert.deepEqual(server.addresses, [path])
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.ok((await exchange(path, EXISTS)).length > 0)
    await server.close()
    assert.deepEqual(readdirSync(directory), [])
  })

  test('has the mode that was asked for', async () => {
    await using _server = await serveCaches([cache], { listen: { address: path, mode: 0o660 } })
    assert.equal(statSync(path).mode & 0o777, 0o660)
  })

  test('replaces the file of a server that was killed', async () => {
    const script = 'require("net").createServer().listen(process.argv[1], () => console.log("up"))'
    const killed = spawn(process.execPath, ['-e', script, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(killed.stdout, 'data')
    killed.kill('SIGKILL')
    await once(killed, 'exit')
    assert.ok(existsSync(path))
    await using _server = await serveCaches([cache], { listen: path })
    assert.ok((await exchange(path, EXISTS)).length > 0)
  })

  test('leaves a server alone that listens there already', async () => {
    await using _server = await serveCaches([cache], { listen: path })
    await assert.rejects(serveCaches([cache], { listen: path }), { code: 'UNDERCROFT_SYSTEM' })
    assert.ok((await exchange(path, EXISTS)).length > 0)
    assert.deepEqual(readdirSync(directory), ['cache.sock'])
  })

  test('does not replace a file that is no socket', async () => {
    writeFileSync(path, 'precious')
    await assert.rejects(serveCaches([cache], { listen: path }), { code: 'UNDERCROFT_SYSTEM' })
    assert.ok(existsSync(path))
  })

  test('of a later server is not removed when an earlier one closes', async () => {
    const earlier = await serveCaches([cache], { listen: path })
    rmSync(path)
    await using _later = await serveCaches([cache], { listen: path })
    await earlier.close()
    assert.ok((await exchange(path, EXISTS)).length > 0)
  })

  test('with too long a path is refused before anything is made', async () => {
    const long = join(directory, 'x'.repeat(120))
    await assert.rejects(serveCaches([cache], { listen: long }), {
      code: 'UNDERCROFT_OPTION_INVALID',
    })
  })
})

describeEachWay('a TCP address', () => {
  test('that other machines reach must be asked for', async () => {
    for (const listen of ['0.0.0.0:0', '[::]:0', ':0']) {
      await assert.rejects(serveCaches([cache], { listen }), { code: 'UNDERCROFT_OPTION_INVALID' })
    }
    await using server = await serveCaches([cache], {
      listen: { address: '0.0.0.0:0', allowPublic: true },
    })
    assert.match(server.addresses[0] ?? '', /^0\.0\.0\.0:[1-9]/)
  })

  test('that is taken fails with the address in the message, and closes the others', async () => {
    await using server = await serveCaches([cache], { listen: '127.0.0.1:0' })
    const taken = server.addresses[0] ?? ''
    await assert.rejects(serveCaches([cache], { listen: [path, taken] }), (error: Error) => {
      assert.match(error.message, new RegExp(taken))
      return true
    })
    assert.equal(existsSync(path), false)
  })
})

describe('options', () => {
  test('that are unknown or out of range are refused', async () => {
    const bad: object[] = [
      { port: 1 },
      { listen: [] },
      { listen: 'nowhere' },
      { listen: { address: '127.0.0.1:0', mode: 0o600 } },
      { listen: { address: path, color: 'red' } },
      { bufferSize: 65_536 },
      { socketTimeoutMs: 0 },
      { keepTimeoutMs: Number.POSITIVE_INFINITY },
      { onError: 'log' },
    ]
    for (const options of bad) {
      await assert.rejects(serveCaches([cache], options), { code: 'UNDERCROFT_OPTION_INVALID' })
    }
    await assert.rejects(serveCaches([]), { code: 'UNDERCROFT_OPTION_INVALID' })
    await assert.rejects(serveCaches([cache, cache]), { code: 'UNDERCROFT_OPTION_INVALID' })
  })
})

describeEachWay('closing', () => {
  test('finishes a request that has begun, and takes no new connection', async () => {
    const server = await serveCaches([cache], { listen: path })
    const idle = await RawClient.connect(path)
    const busy = await RawClient.connect(path)
    await ask(busy, { cmd: 'exists', key: 'k' })
    const request = magic({ cmd: 'update', key: 'late', size: '4', keep: '1' }, 'body')
    busy.send(request.subarray(0, -2))
    await until('both are served', () => server.connectionCount === 2)
    await exchange(path, EXISTS) // so that the bytes sent before have been read
    const closed = server.close()
    assert.equal((await idle.untilClosed()).length, 0)
    busy.send(request.subarray(-2))
    assert.deepEqual((await receiveMagic(busy)).fields, { status: 'ok' }, 'and no promise to stay')
    await closed
    assert.equal(cache.getItem('late')?.bytes.toString(), 'body')
    await assert.rejects(RawClient.connect(path))
  })

  test('does not wait longer than drainTimeoutMs', async () => {
    const server = await serveCaches([cache], { listen: path, drainTimeoutMs: 30 })
    const client = await RawClient.connect(path)
    client.sendHex('6f03')
    await until('it is served', () => server.connectionCount === 1)
    await exchange(path, EXISTS)
    await server.close()
    assert.equal((await client.untilClosed()).length, 0)
  })

  test('may be asked for again, and means the same', async () => {
    const server = await serveCaches([cache], { listen: path })
    await Promise.all([server.close(), server.close()])
    await server.close()
    assert.equal(server.connectionCount, 0)
  })
})
