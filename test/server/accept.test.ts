/**
 * Clients that connect for each request, however the server accepts them.
 */

import assert from 'node:assert/strict'
import { createHook } from 'node:async_hooks'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { type ServeOptions, serveCaches } from '../../src/server/index.ts'
import { describeEachWay, directObstacle } from '../../testing/accept-ways.ts'
import { Child, type ChildOptions } from '../../testing/child.ts'
import { until, within } from '../../testing/deadline.ts'
import { magic } from '../../testing/magic.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'
import { exchange, RawClient } from '../../testing/raw-client.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { processDir, tempDir } from '../../testing/temp-dir.ts'
import type { AcceptReport, AcceptTask } from './accept-child.ts'

const cache = openTestCache({ name: 'first', items: '1000', blocksize: String(1024 * 1024) })
const socketPath = join(processDir(), 'accept.sock')

async function serve(options: ServeOptions = {}) {
  cache.clear()
  const server = await serveCaches([cache], { listen: ['127.0.0.1:0', socketPath], ...options })
  const [tcp = '', unix = ''] = server.addresses
  return { server, tcp, unix, [Symbol.asyncDispose]: () => server.close() }
}

/** @returns how many descriptors this process has open, as Linux counts them */
function descriptorCount(): number {
  return readdirSync('/proc/self/fd').length
}

describeEachWay('a client that connects for each request', () => {
  test('gets its own answer, also when hundreds come at once', async () => {
    await using served = await serve()
    const answers = await Promise.all(
      Array.from({ length: 600 }, async (_, i) => {
        const address = i % 2 === 0 ? served.tcp : served.unix
        const value = `value ${i}`
        const size = String(value.length)
        await exchange(address, magic({ cmd: 'update', key: `k${i}`, size }, value))
        return exchange(address, magic({ cmd: 'get', key: `k${i}` }))
      }),
    )
    for (const [i, answer] of answers.entries()) {
      assert.ok(answer.toString('latin1').endsWith(`value ${i}`), `answer ${i}`)
    }
  })

  test('may send its request in two parts, whichever part is how long', async () => {
    await using served = await serve()
    const request = magic({ cmd: 'update', key: 'k', size: '5' }, 'hello')
    for (let end = 1; end < request.length; end += 7) {
      cache.clear()
      const client = await RawClient.connect(served.unix)
      client.send(request.subarray(0, end))
      await until('the first part is read', () => served.server.connectionCount === 1)
      assert.ok((await client.send(request.subarray(end)).untilClosed()).length > 0)
      assert.equal(cache.getItem('k')?.bytes.toString(), 'hello')
    }
  })

  test('may send and ask for more than is read or taken at once', async () => {
    await using served = await serve()
    const value = Buffer.alloc(1_000_000, 'abc').toString()
    for (const address of [served.tcp, served.unix]) {
      cache.clear()
      const size = String(value.length)
      await exchange(address, magic({ cmd: 'set', key: 'big', size }, value))
      const answer = await exchange(address, magic({ cmd: 'get', key: 'big' }))
      assert.equal(answer.subarray(-value.length).toString(), value)
    }
  })

  test('is answered when the server closes between its connecting and its asking', async () => {
    await using served = await serve({ drainIdleMs: 10_000 })
    cache.set('k', Buffer.from('value'))
    const client = await RawClient.connect(served.unix)
    await until('it is accepted', () => served.server.connectionCount === 1)
    const closed = served.server.close()
    const answer = await client.send(magic({ cmd: 'get', key: 'k' })).untilClosed()
    assert.match(answer.toString('latin1'), /value$/)
    await closed
  })

  test('is not answered where it may not write, and nothing is written', async () => {
    await using served = await serve({ listen: { address: '127.0.0.1:0', readOnly: true } })
    const request = magic({ cmd: 'update', key: 'k', size: '5' }, 'hello')
    assert.equal((await exchange(served.tcp, request)).length, 0)
    assert.equal(cache.has('k'), false)
  })

  test('is answered while many connect and say nothing; these are closed', async () => {
    await using served = await serve({ socketTimeoutMs: 300, maxConnections: 50 })
    const silent = await Promise.all(
      Array.from({ length: 400 }, () => RawClient.connect(served.unix)),
    )
    await until('some wait', () => served.server.connectionCount > 0)
    assert.ok(served.server.connectionCount <= 50)
    const answers = await Promise.all(silent.map(client => client.untilClosed()))
    assert.ok(answers.every(answer => answer.length === 0))
    await until('all are gone', () => served.server.connectionCount === 0)
    cache.set('k', Buffer.from('value'))
    assert.ok((await exchange(served.unix, magic({ cmd: 'get', key: 'k' }))).length > 0)
  })

  test('leaves nothing open, and the address is free after the server', async t => {
    if (process.platform !== 'linux') return t.skip('only Linux lists open descriptors in /proc')
    const before = descriptorCount()
    const served = await serve()
    const silent = await RawClient.connect(served.unix)
    await until('it waits', () => served.server.connectionCount === 1)
    for (const request of [
      magic({ cmd: 'get', key: 'k' }),
      magic({ cmd: 'exists', key: 'k', keep: '1' }),
    ]) {
      const client = await RawClient.connect(served.tcp)
      await client.send(request).halfClose().untilClosed()
    }
    await served.server.close()
    assert.equal((await silent.untilClosed()).length, 0)
    await until('all is closed', () => descriptorCount() === before)
    await using again = await serveCaches([cache], { listen: served.tcp })
    assert.deepEqual(again.addresses, [served.tcp])
  })
})

describe('where the system’s own calls are used', () => {
  test('no socket of node:net is made for a connection with one request', async t => {
    const obstacle = directObstacle()
    if (obstacle !== undefined) return t.skip(obstacle)
    await using served = await serve()
    // The client's own, and none for the server.
    assert.equal(await socketsMadeBy(10, served.tcp), 10)
  })

  test('clients wait while no descriptors are left, and are served then', async t => {
    const obstacle = directObstacle()
    if (obstacle !== undefined) return t.skip(obstacle)
    const limited = ['-c', 'ulimit -n 100 && exec "$0" "$@"', process.execPath]
    const child = await startChild(t, { execPath: '/bin/sh', execArgv: limited })
    const address = await startServing(child, t)
    await child.ask({ kind: 'take all descriptors' })
    const waiting = await RawClient.connect(address)
    waiting.send(magic({ cmd: 'get', key: 'k' }))
    const report = await child.next()
    assert.match(
      'failure' in report ? report.failure : '',
      /no descriptors or memory left for connections/,
    )
    await child.ask({ kind: 'give descriptors back' })
    assert.match((await waiting.untilClosed()).toString('latin1'), /value$/)
  })
})

describe('a process that serves', () => {
  test('ends by itself once it has closed its server', async t => {
    const child = await startChild(t)
    await startServing(child, t)
    child.send({ kind: 'close' })
    assert.deepEqual(await within('it to end', child.exit), { code: 0, signal: null })
  })

  test('may exit at any time, under way with requests', async t => {
    const child = await startChild(t)
    const address = await startServing(child, t)
    const requests = Array.from({ length: 50 }, () =>
      exchange(address, magic({ cmd: 'get', key: 'k' })),
    )
    child.send({ kind: 'exit', code: 7 })
    await Promise.allSettled(requests)
    assert.deepEqual(await within('it to exit', child.exit), { code: 7, signal: null })
    assert.equal(child.stderr, '')
  })

  test('may do so in a thread, of which nothing is left when it is terminated', async t => {
    const thread = new Worker(new URL('./accept-thread.js', import.meta.url))
    onEnd(t, () => thread.terminate())
    const [address] = await within('the thread to serve', once(thread, 'message'))
    assert.ok((await exchange(address, magic({ cmd: 'get', key: 'k' }))).length > 0)
    await thread.terminate()
    await using again = await serveCaches([cache], { listen: address })
    assert.deepEqual(again.addresses, [address])
  })
})

type AcceptChild = Child<AcceptTask, AcceptReport>

function startChild(scope: Scope, options: ChildOptions = {}): Promise<AcceptChild> {
  return Child.start(scope, new URL('./accept-child.js', import.meta.url), options)
}

/** Its address. */
async function startServing(child: AcceptChild, scope: Scope): Promise<string> {
  const report = await child.ask({ kind: 'serve', socketPath: join(tempDir(scope), 's') })
  if ('failure' in report) throw new Error(report.failure)
  return report.done
}

/** @returns how many TCP sockets this process makes for requests with a connection each */
async function socketsMadeBy(requestCount: number, address: string): Promise<number> {
  let count = 0
  const hook = createHook({
    init(_id, type) {
      if (type === 'TCPWRAP') count++
    },
  }).enable()
  for (let i = 0; i < requestCount; i++) await exchange(address, magic({ cmd: 'get', key: 'k' }))
  hook.disable()
  return count
}
