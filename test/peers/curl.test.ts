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

test('curl expands what was compressed in each coding, and gets it plain', async t => {
  const started = await startCurl(t)
  if (started === undefined) return
  const { curl, origin } = started
  const words = `${origin}/words`
  const plain = await curl(words)
  await until('the page is stored', async () => (await curl(words)) === plain)
  for (const coding of ['br', 'gzip']) {
    const accept = ['--header', `Accept-Encoding: ${coding}, identity;q=0`, '--compressed']
    const facts = ' %header{content-encoding} %{size_download}'
    const answer = await curl(...accept, '--write-out', facts, words)
    const [, size] = / (\d+)$/.exec(answer) ?? []
    assert.equal(answer, `${plain} ${coding} ${size}`)
    assert.ok(Number(size) < plain.length / 2)
  }
  assert.equal(await curl(words), plain)
})

test('curl purges pages by path and by tag', async t => {
  const started = await startCurl(t)
  if (started === undefined) return
  const { curl, origin, body } = started
  for (const purge of [[`${origin}/page`], ['--header', 'Surrogate-Key: site', `${origin}/`]]) {
    const before = await curl(`${origin}/page`)
    await until('the page is stored', async () => (await curl(`${origin}/page`)) === before)
    assert.equal(await curl('--request', 'PURGE', ...purge), '{"status":"ok"}\n')
    assert.notEqual(await curl(`${origin}/page`), before)
  }
  assert.notEqual(await curl(`${origin}/page`), body)
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
