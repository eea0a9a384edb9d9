/**
 * A real Chromium before the HTTP cache of two workers.
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { until } from '../../testing/deadline.ts'
import { requirePeer } from '../../testing/peers/peers.ts'
import { get, untilStored } from '../../testing/runner-process.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import { startWebSite } from './web-site.ts'

/** A limit for a hang. */
const BROWSER_LIMIT_MS = 120_000

/** No window, and nothing of its own over the network. Root must do without the sandbox. */
const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
  // Time passes as soon as the page has nothing left to wait for.
  ...['--virtual-time-budget=60000', '--dump-dom'],
]

/** What the page asks for, with the words of Fetch for how its own cache is used. */
const SCRIPT = `
const ask = async (path, options) => {
  const answer = await fetch(path, options)
  const how = answer.headers.get('cache-status')?.split(';')[1]?.trim()
  const coding = answer.headers.get('content-encoding') ?? undefined
  return { status: answer.status, how, coding, body: await answer.text() }
}
const found = {
  page: await ask('/page'),
  part: await ask('/long', { headers: { range: 'bytes=0-3' } }),
  own: [await ask('/private'), await ask('/private')],
  reloaded: await ask('/page', { cache: 'reload' }),
  words: await ask('/words'),
}
document.body.textContent = JSON.stringify(found)
`

interface Asked {
  readonly status: number
  /** From Cache-Status: `hit`, or why the application was asked. */
  readonly how: string
  readonly body: string
}

interface Found {
  readonly page: Asked
  readonly part: Asked
  readonly own: readonly [Asked, Asked]
  readonly reloaded: Asked
  readonly words: Asked & { readonly coding: string }
}

test('Chromium gets stored pages and parts of them, and a reload renews them', async t => {
  const command = requirePeer(t, 'chromium')
  if (command === undefined) return
  const { origin, runner } = await startWebSite(t, SCRIPT)
  const stored = await untilStored(runner, '/page')
  await untilStored(runner, '/long')
  const words = await untilStored(runner, '/words')
  // A client that refuses plain bodies waits for the copy.
  for (const coding of ['br', 'gzip']) {
    const headers = { 'accept-encoding': `${coding}, identity;q=0` }
    await get({ port: runner.port, path: '/words', headers })
  }
  const args = [...FLAGS, `--user-data-dir=${tempDir(t)}`, `${origin}/`]
  const { stdout } = await promisify(execFile)(command, args, { timeout: BROWSER_LIMIT_MS })
  const [, text = ''] = /<body>(\{.*\})<\/body>/.exec(stdout) ?? []
  assert.notEqual(text, '', stdout)
  const { page, part, own, reloaded, words: coded }: Found = JSON.parse(text)
  assert.deepEqual(page, { status: 200, how: 'hit', body: stored.body })
  assert.deepEqual(part, { status: 206, how: 'hit', body: 'made' })
  assert.equal(coded.how, 'hit')
  assert.match(coded.coding, /^(?:br|gzip)$/)
  assert.equal(coded.body, words.body)
  assert.notEqual(own[0].body, own[1].body, 'what is private is made each time')
  assert.notEqual(reloaded.body, stored.body, 'whoever reloads gets what is true now')
  await until('so do all others', async () => (await runner.get('/page')).body === reloaded.body)
})
