/**
 * Limits of the HTTP servers of a worker: slow clients, too many of them, and ambiguous requests.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RawClient } from '../../testing/raw-client.ts'
import { startRunner } from '../../testing/runner-process.ts'

const HEAD = 'GET /pid?ms=0 HTTP/1.1\r\nHost: a.example\r\n'

describe('HTTP under the runner', () => {
  test('answers 400 to a request with two Host fields, and does not pass it on', async t => {
    const runner = await startRunner(t, [])
    const client = await RawClient.connect(`127.0.0.1:${runner.port}`)
    client.send(Buffer.from(`${HEAD}host: b.example\r\n\r\n`))
    assert.match(String(await client.untilClosed()), /^HTTP\/1\.1 400 Bad Request\r\n/)
    assert.equal((await runner.get('/pid?ms=0')).status, 200)
  })

  test('ends a header that takes longer than http-headers-timeout with 408', async t => {
    const runner = await startRunner(t, ['--http-headers-timeout', '1'])
    const client = await RawClient.connect(`127.0.0.1:${runner.port}`)
    client.send(Buffer.from(HEAD))
    assert.match(String(await client.untilClosed()), /^HTTP\/1\.1 408 Request Timeout\r\n/)
  })

  test('ends a body that takes longer than http-request-timeout', async t => {
    const runner = await startRunner(t, ['--http-request-timeout', '1'])
    const client = await RawClient.connect(`127.0.0.1:${runner.port}`)
    client.send(Buffer.from('POST /hang HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx'))
    await client.untilClosed()
  })

  test('closes connections beyond http-max-connections', async t => {
    const runner = await startRunner(t, ['--http-max-connections', '1'])
    const first = await RawClient.connect(`127.0.0.1:${runner.port}`)
    const second = await RawClient.connect(`127.0.0.1:${runner.port}`)
    assert.equal((await second.untilClosed()).length, 0)
    first.send(Buffer.from(`${HEAD}Connection: close\r\n\r\n`))
    assert.match(String(await first.untilClosed()), /^HTTP\/1\.1 200 OK\r\n/)
  })
})
