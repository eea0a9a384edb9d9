import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { until } from '../../testing/deadline.ts'
import { requirePeer } from '../../testing/peers/peers.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import { startWebSite } from './web-site.ts'

/** @returns undefined if the test was skipped */
async function startCurl(t: TestContext) {
  const command = requirePeer(t, 'curl')
  if (command === undefined) return undefined
  const { origin } = await startWebSite(t)
  const curl = async (...args: readonly string[]) =>
    (await promisify(execFile)(command, ['--silent', '--show-error', ...args])).stdout
  const body = await curl(`${origin}/page`)
  await until('the page is stored', async () => (await curl(`${origin}/page`)) === body)
  return { curl, origin, body }
}

test('curl gets a stored page whole, its head alone, a part of it, and over HTTP/1.0', async t => {
  const started = await startCurl(t)
  if (started === undefined) return
  const { curl, origin, body } = started
  const page = `${origin}/page`
  const head = await curl('--head', page)
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/)
  assert.match(head, new RegExp(`^content-length: ${body.length}\r$`, 'im'))
  assert.match(head, /^cache-status: undercroft; hit; ttl=\d+/im)
  assert.match(head, /^age: \d+\r$/im)
  assert.equal(await curl('--range', '5-', page), body.slice(5))
  assert.equal(
    await curl('--range', '-3', '--write-out', ' %{http_code}', page),
    `${body.slice(-3)} 206`,
  )
  assert.equal(await curl('--http1.0', page), body)
  assert.equal(await curl('--header', 'Connection: close', page), body)
})

test('curl downloads nothing again that has not changed', async t => {
  const started = await startCurl(t)
  if (started === undefined) return
  const { curl, origin, body } = started
  const directory = tempDir(t)
  const [etag, output] = [join(directory, 'etag'), join(directory, 'page')]
  const download = () =>
    curl(
      ...['--etag-save', etag, '--etag-compare', etag, '--output', output],
      ...['--write-out', '%{http_code} %{size_download}', `${origin}/page`],
    )
  assert.equal(await download(), `200 ${body.length}`)
  assert.equal(readFileSync(output, 'utf8'), body)
  assert.equal(await download(), '304 0')
})

test('curl with fifty connections at once gets one page from all workers', async t => {
  const started = await startCurl(t)
  if (started === undefined) return
  const { curl, origin, body } = started
  const many = await curl('--parallel', '--parallel-max', '50', `${origin}/page?[1-200]`)
  assert.equal(many.match(/made/g)?.length, 200)
  const again = await curl(
    '--parallel',
    '--parallel-max',
    '50',
    ...Array(200).fill(`${origin}/page`),
  )
  assert.equal(again, body.repeat(200))
})
