/**
 * The stats server as its clients see it: uWSGI's tools, Prometheus, curl, and worse.
 */

import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { type StatsOptions, type StatsSource, serveStats } from '../../src/monitoring/index.ts'
import { until } from '../../testing/deadline.ts'
import { exchange, RawClient } from '../../testing/raw-client.ts'
import { onEnd } from '../../testing/scope.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import { fakeSource, parseMetrics, type Sample } from './stats-reading.ts'

const SOURCES = [fakeSource('default'), fakeSource('two', { hits: 50 })]
const ADDRESS = '127.0.0.1:0'

async function start(
  t: TestContext,
  options: Partial<StatsOptions> = {},
  sources: readonly StatsSource[] = SOURCES,
): Promise<string> {
  const server = await serveStats(sources, { address: ADDRESS, ...options })
  onEnd(t, () => server.close())
  return server.address
}

/** What a client gets that sends these bytes and waits for the end. */
async function ask(address: string, text: string): Promise<string> {
  return (await exchange(address, Buffer.from(text))).toString()
}

async function listen(address: string): Promise<string> {
  return (await (await RawClient.connect(address)).untilClosed()).toString()
}

describe('a client that is no HTTP client', () => {
  test('gets the document without a word, and the connection ends', async t => {
    const text = await listen(await start(t))
    assert.deepEqual(
      JSON.parse(text).caches.map((cache: { name: string }) => cache.name),
      ['default', 'two'],
    )
    assert.match(text, /^\{\n\t"version":"undercroft",\n/)
    assert.match(text, /\}$/)
  })

  test('gets it over a Unix socket, which has mode 0600 and goes with the server', async t => {
    const path = join(tempDir(t), 'stats.sock')
    const server = await serveStats(SOURCES, { address: path })
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.equal(JSON.parse(await listen(path)).caches.length, 2)
    await server.close()
    assert.equal(existsSync(path), false)
  })

  test('gets it when it is done sending', async t => {
    const client = await RawClient.connect(await start(t))
    JSON.parse((await client.halfClose().untilClosed()).toString())
  })

  for (const sent of ['\n', 'stats please', 'STATS\r\n', 'GET /\r\n', '\0\xff', 'A'.repeat(9000)]) {
    test(`gets it whatever it sends, such as ${JSON.stringify(sent.slice(0, 20))}`, async t => {
      JSON.parse(await ask(await start(t), sent))
    })
  }
})

describe('an HTTP client', () => {
  test('gets the document at /', async t => {
    const response = await fetch(`http://${await start(t)}/?refresh=1`)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'application/json')
    assert.equal(response.headers.get('connection'), 'close')
    assert.equal(response.headers.get('access-control-allow-origin'), null)
    assert.equal(((await response.json()) as { caches: unknown[] }).caches.length, 2)
  })

  test('gets metrics at /metrics, of every cache', async t => {
    const response = await fetch(`http://${await start(t)}/metrics`)
    assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
    const samples = parseMetrics(await response.text())
    const isOfHistogram = ({ metric }: Sample) => metric.includes('_duration_seconds')
    assert.deepEqual(
      samples
        .filter(sample => sample.cache === 'two' && !isOfHistogram(sample))
        .map(({ metric, value }) => [metric, value]),
      [
        ['undercroft_items', 1],
        ['undercroft_max_items', 4],
        ['undercroft_pinned', 1],
        ['undercroft_hits_total', 50],
        ['undercroft_near_hits_total', 4],
        ['undercroft_misses_total', 2],
        ['undercroft_stale_hits_total', 1],
        ['undercroft_load_failures_total', 12],
        ['undercroft_load_waits_total', 13],
        ['undercroft_full_total', 3],
        ['undercroft_evicted_total', 0],
        ['undercroft_expired_total', 6],
        ['undercroft_invalidated_total', 8],
        ['undercroft_dropped_total', 3],
        ['undercroft_tags_evicted_total', 9],
        ['undercroft_takeovers_total', 7],
        ['undercroft_segment_bytes', 300_000],
        ['undercroft_free_blocks', 3],
        ['undercroft_blocks', 4],
        ['undercroft_last_modified_timestamp_seconds', 0],
        ['undercroft_openers', 2],
      ],
    )
    const ofOne = samples.filter(({ cache }) => cache === 'default')
    assert.equal(ofOne.length * 2, samples.length)
  })

  test('that asks with HEAD gets the fields alone', async t => {
    const answer = await ask(await start(t), 'HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const [head, body] = answer.split('\r\n\r\n')
    assert.match(head ?? '', /^HTTP\/1\.0 200 OK\r\n.*\r\nContent-Length: [1-9]\d*$/s)
    assert.equal(body, '')
  })

  test('may send its request in pieces, and slowly', async t => {
    const client = await RawClient.connect(await start(t))
    await client.sendByteByByte(Buffer.from('GET /metrics HTTP/1.1\r\nHost: localhost\r\n'))
    client.send(Buffer.from('\r\n'))
    assert.match((await client.untilClosed()).toString(), /^HTTP\/1\.0 200 OK\r\n/)
  })

  const refusals: [string, string, RegExp][] = [
    ['another path', 'GET /favicon.ico HTTP/1.1\r\n\r\n', /^HTTP\/1\.0 404 Not Found\r\n/],
    [
      'another method',
      'POST / HTTP/1.1\r\n\r\nbody',
      /^HTTP\/1\.0 405 .*\r\nAllow: GET, HEAD\r\n/s,
    ],
    ['too long a line', `GET /${'x'.repeat(9000)}`, /^HTTP\/1\.0 431 /],
    ['too many fields', `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(2000)}`, /^HTTP\/1\.0 431 /],
  ]
  for (const [what, request, expected] of refusals) {
    test(`is refused ${what}`, async t => {
      assert.match(await ask(await start(t), request), expected)
    })
  }

  test('that does not finish its request is told so after timeoutMs', async t => {
    const answer = await ask(await start(t, { timeoutMs: 30 }), 'GET / HTTP/1.1\r\nHost:')
    assert.match(answer, /^HTTP\/1\.0 408 /)
  })

  test('that ends in the middle of its request is told so', async t => {
    const client = await RawClient.connect(await start(t))
    client.send(Buffer.from('GET / HTTP/1.1\r\n')).halfClose()
    assert.match((await client.untilClosed()).toString(), /^HTTP\/1\.0 400 /)
  })
})

describe('options of the stats server', () => {
  test('http: every answer begins as those of stats-http do', async t => {
    const address = await start(t, { http: true })
    const expected = ['HTTP/1.0 200 OK', 'Connection: close', 'Content-Type: application/json']
    for (const answer of [await listen(address), await ask(address, '\n')]) {
      assert.deepEqual(answer.split('\r\n').slice(0, 3), expected)
    }
  })

  test('allowOrigin: pages of that origin may read the document, and no others', async t => {
    const silent = await ask(await start(t), 'GET / HTTP/1.1\r\n\r\n')
    assert.doesNotMatch(silent, /Access-Control/)
    const address = await start(t, { allowOrigin: 'https://ops.example' })
    const asked = await ask(address, 'GET / HTTP/1.1\r\n\r\n')
    assert.match(asked, /\r\nAccess-Control-Allow-Origin: https:\/\/ops\.example\r\n/)
  })

  test('allowedHosts: a name that resolves to this machine does not open the server', async t => {
    const requestFor = (host: string) => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`
    const address = await start(t, { allowedHosts: ['stats.internal'] })
    const hosts = ['localhost:9191', '127.0.0.1:9191', '[::1]', '10.0.0.7', 'stats.internal:9191']
    for (const host of hosts) {
      assert.match(await ask(address, requestFor(host)), /^HTTP\/1\.0 200 /, host)
    }
    for (const host of ['attacker.example', 'localhost.attacker.example', '', 'a b']) {
      const answer = await ask(address, requestFor(host))
      assert.match(answer, /^HTTP\/1\.0 421 .*allowedHosts/s, host)
      assert.doesNotMatch(answer, /pid/)
    }
    const two = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: attacker.example\r\n\r\n'
    assert.match(await ask(address, two), /^HTTP\/1\.0 400 /)
  })

  test('allowedHosts: a request with a method in small letters is checked as well', async t => {
    const address = await start(t, { http: true })
    const answer = await ask(address, 'patch / HTTP/1.1\r\nHost: attacker.example\r\n\r\n')
    assert.match(answer, /^HTTP\/1\.0 421 /)
  })

  test('minified: no white space, and the same document', async t => {
    const text = await listen(await start(t, { minified: true }))
    assert.equal(text, JSON.stringify(JSON.parse(text)))
  })

  test('an address that other machines reach must be asked for', async t => {
    const address = '0.0.0.0:0'
    await assert.rejects(serveStats(SOURCES, { address }), { code: 'UNDERCROFT_OPTION_INVALID' })
    assert.match(await start(t, { address, allowPublic: true }), /^0\.0\.0\.0:[1-9]/)
  })

  test('that are unknown or out of range are refused', async () => {
    const bad: object[] = [
      {},
      { address: 'nowhere' },
      { address: ADDRESS, mode: 0o600 },
      { address: ADDRESS, port: 1 },
      { address: ADDRESS, timeoutMs: 0 },
      { address: ADDRESS, maxConnections: 0 },
      { address: ADDRESS, http: 'yes' },
      { address: ADDRESS, sockets: 'here' },
      { address: ADDRESS, onError: 'log' },
    ]
    for (const options of bad) {
      const given = options as StatsOptions
      await assert.rejects(serveStats(SOURCES, given), { code: 'UNDERCROFT_OPTION_INVALID' })
    }
  })

  test('two caches of one name are refused', async () => {
    const twice = [fakeSource('a'), fakeSource('a')]
    await assert.rejects(serveStats(twice, { address: ADDRESS }), {
      code: 'UNDERCROFT_OPTION_INVALID',
    })
  })

  test('maxConnections: those beyond it are closed without an answer', async t => {
    const address = await start(t, { maxConnections: 1 })
    const first = await RawClient.connect(address)
    first.send(Buffer.from('GET '))
    assert.equal(await listen(address), '')
    first.send(Buffer.from('/ HTTP/1.0\r\n\r\n'))
    assert.match((await first.untilClosed()).toString(), /^HTTP\/1\.0 200 /)
  })
})

describe('the stats server', () => {
  test('leaves out a cache that cannot be asked, and says why', async t => {
    const broken: StatsSource = {
      name: 'broken',
      stats: () => {
        throw new Error('corrupt')
      },
    }
    const told: string[] = []
    const options = { onError: (error: Error) => told.push(error.message) }
    const address = await start(t, options, [broken, ...SOURCES])
    const client = await RawClient.connect(address)
    const text = (await client.halfClose().untilClosed()).toString()
    assert.equal(JSON.parse(text).caches.length, 2)
    assert.deepEqual(told, ['corrupt'])
  })

  test('ends the connections of clients that wait when it is closed', async () => {
    const server = await serveStats(SOURCES, { address: ADDRESS })
    const client = await RawClient.connect(server.address)
    client.send(Buffer.from('GET / HTTP/1.1\r\n'))
    await exchange(server.address, Buffer.from('\n')) // by then the bytes sent before were read
    await Promise.all([server.close(), server.close()])
    await until('the client is closed', () => client.socket.closed)
    await assert.rejects(RawClient.connect(server.address))
  })
})
