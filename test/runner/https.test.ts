/**
 * HTTPS sockets, with certificates that openssl makes for the test.
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { type RequestOptions, request } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { within } from '../../testing/deadline.ts'
import { APP, get, MAIN, type Runner, startServe } from '../../testing/runner-process.ts'
import type { Scope } from '../../testing/scope.ts'
import { tempDir } from '../../testing/temp-dir.ts'

const run = promisify(execFile)

/** Makes a certificate that signs itself; gives the paths of certificate and key. */
async function makeCertificate(directory: string, name: string): Promise<[string, string]> {
  const [cert, key] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)]
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-days', '2', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost'],
    ...['-keyout', key, '-out', cert],
  ])
  return [cert, key]
}

async function startHttps(t: Scope, more = '', args: readonly string[] = []) {
  const directory = tempDir(t)
  const [cert, key] = await makeCertificate(directory, 'first')
  const runner = await startServe(t, [
    ...['--module', APP, '--https', `127.0.0.1:0,${cert},${key}${more}`, ...args],
  ])
  return { runner, directory, cert, key, port: portOf(runner, 'https') }
}

function portOf({ service }: Runner, protocol: string): number {
  const pattern = new RegExp(
    `^${protocol} socket \\d bound to TCP address 127\\.0\\.0\\.1:(\\d+)$`,
    'm',
  )
  return Number(pattern.exec(service.output())?.[1])
}

async function ask(options: RequestOptions & { readonly port: number }) {
  const asking = request({ host: '127.0.0.1', servername: 'localhost', agent: false, ...options })
  asking.end()
  const [response] = await within('the response', once(asking, 'response'))
  const { subject } = (response.socket as TLSSocket).getPeerCertificate()
  return { status: response.statusCode, body: await text(response), name: subject.CN }
}

describe('https', () => {
  test('serves the application, and a reload reads the certificate again', async t => {
    const { runner, directory, cert, key, port } = await startHttps(t)
    const ca = [readFileSync(cert)]
    const first = await ask({ port, path: '/worker', ca })
    assert.deepEqual(first, { status: 200, body: 'true 1', name: 'first' })
    const [newCert, newKey] = await makeCertificate(directory, 'second')
    copyFileSync(newCert, cert)
    copyFileSync(newKey, key)
    runner.signal('SIGHUP')
    await runner.waitForLine(/^worker 1 \(pid: \d+\) done$/)
    const second = await ask({ port, path: '/worker', ca: [readFileSync(newCert)] })
    assert.deepEqual([second.status, second.name], [200, 'second'])
  })

  test('with !CA serves only clients whose certificate it signs', async t => {
    const [clientCert, clientKey] = await makeCertificate(tempDir(t), 'client')
    const { cert, port } = await startHttps(t, `,,!${clientCert}`)
    const ca = readFileSync(cert)
    const known = { cert: readFileSync(clientCert), key: readFileSync(clientKey) }
    assert.equal((await ask({ port, path: '/worker', ca, ...known })).status, 200)
    await assert.rejects(ask({ port, path: '/worker', ca }))
  })

  test('lets a drain finish the responses that have begun', async t => {
    const { runner, cert, port } = await startHttps(t)
    const slow = ask({ port, path: '/slow?ms=1500', ca: readFileSync(cert) })
    await runner.waitForLine(/^begun \/slow in \d+$/)
    runner.signal('SIGTERM')
    assert.equal((await slow).status, 200)
    assert.equal(await runner.service.exit(), 0)
  })

  test('with files that do not belong together is refused with exit code 2', async t => {
    const directory = tempDir(t)
    const [cert] = await makeCertificate(directory, 'a')
    const [, key] = await makeCertificate(directory, 'b')
    for (const [value, message] of [
      [`127.0.0.1:0,${cert},${key}`, /https: .*key values mismatch/],
      [`127.0.0.1:0,${cert},/nonexistent`, /https: ENOENT/],
      [`127.0.0.1:0,${cert}`, /https must be ADDRESS,CERT,KEY/],
    ] as const) {
      const args = [MAIN, 'serve', '--module', APP, '--https', value]
      await assert.rejects(run(process.execPath, args, { cwd: directory }), {
        code: 2,
        stderr: message,
      })
    }
  })
})

describe('http2', () => {
  test('is what clients may choose, and HTTP/1.1 remains', async t => {
    const { runner, cert, port } = await startHttps(t, '', ['--http2', '--log-requests'])
    const ca = readFileSync(cert)
    const client = connectHttp2(`https://localhost:${port}`, { ca })
    const stream = client.request({ ':path': '/worker?by-http2' })
    const [headers] = await within('the response', once(stream, 'response'))
    assert.deepEqual([headers[':status'], await text(stream)], [200, 'true 1'])
    assert.equal((await ask({ port, path: '/worker', ca })).status, 200)
    await runner.waitForLine(/GET \/worker\?by-http2 => .*\(HTTP\/2\.0 200\)/)
    const slow = client.request({ ':path': '/slow?ms=1500' })
    await runner.waitForLine(/^begun \/slow in \d+$/)
    runner.signal('SIGTERM')
    assert.match(await within('the slow response', text(slow)), /^slow /)
    assert.equal(await runner.service.exit(), 0)
    client.close()
  })

  test('serves Fetch handlers', async t => {
    const app = join(tempDir(t), 'app.mjs')
    writeFileSync(
      app,
      `export default { fetch: async request => new Response(
      request.method + ' ' + new URL(request.url).pathname + ' ' + await request.text()) }`,
    )
    const { cert, port } = await startHttps(t, '', ['--http2', '--module', app])
    const client = connectHttp2(`https://localhost:${port}`, { ca: readFileSync(cert) })
    const stream = client.request({ ':path': '/page', ':method': 'POST' })
    stream.end('the body')
    assert.equal(await within('the response', text(stream)), 'POST /page the body')
    client.close()
  })

  test('is refused together with rules', async t => {
    const args = ['serve', '--http2', '--http', '127.0.0.1:0', '--route', '^/ addheader:A: b']
    await assert.rejects(run(process.execPath, [MAIN, ...args], { cwd: tempDir(t) }), {
      code: 2,
      stderr: /http2 does not work together with .*route/,
    })
  })
})

describe('http-to-https', () => {
  test('sends every request to the same place by HTTPS', async t => {
    const { runner } = await startHttps(t, '', ['--http-to-https', '127.0.0.1:0,8443'])
    const port = portOf(runner, 'http')
    const { status, headers } = await get({ port, path: '/a?b' })
    assert.deepEqual([status, headers.location], [301, 'https://127.0.0.1:8443/a?b'])
    const evil = await get({ port, path: '/', headers: { host: 'a.example/@b' } })
    assert.equal(evil.status, 400)
  })
})
