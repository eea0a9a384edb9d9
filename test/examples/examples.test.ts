/**
 * Runs each example as a reader would, and checks what it prints.
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { PATIENCE_MS } from '../../testing/deadline.ts'
import { ROOT } from '../../testing/root.ts'

const run = promisify(execFile)

interface Promised {
  readonly title: string
  readonly lines: readonly string[]
}

const PROMISES: Readonly<Record<string, Promised>> = {
  'cluster-counter': {
    title: 'four processes of a cluster count together and lose nothing',
    lines: ['4 processes counted to 40000'],
  },
  'worker-threads': {
    title: 'of several threads that add the same key exactly one succeeds',
    lines: ['100 jobs, done 100 times in all by 4 threads'],
  },
  sessions: {
    title: 'a session is there until its end or its logout',
    lines: [
      '/: 200 Ada, visit 1',
      '/: 200 Ada, visit 2',
      'the session ends in 30 minutes',
      '/logout: 200 good bye',
      '/: 401 please log in',
    ],
  },
  groups: {
    title:
      'pages of the same data are made anew after it changed, and the old ones serve meanwhile',
    lines: [
      '/articles: written by Ada',
      '/profile: written by Ada',
      'while it is made again: /profile: written by Ada',
      '/articles: written by Ada Lovelace',
      '/profile: written by Ada Lovelace',
    ],
  },
  events: {
    title: 'a flag that another process changes is seen, and that it was deleted',
    lines: [
      'the checkout is now: old',
      'the checkout is now: new',
      'the checkout is now: what it is by default',
    ],
  },
  'rate-limit': {
    title: 'the sixth call within a minute has to wait, that of another client does not',
    lines: [
      ...[1, 2, 3, 4, 5].map(call => `call ${call} of 192.0.2.1: go ahead`),
      'call 6 of 192.0.2.1: wait 60 seconds',
      'call 1 of 192.0.2.2: go ahead',
    ],
  },
  locks: {
    title: 'a holder that was too slow loses its lock, and the report refuses it',
    lines: [
      'the slow one holds the lock: false',
      'the next one holds the lock: true',
      'the next one has written the report',
      'the report refuses the slow one, because the next one has written since',
      'the slow one releases a lock: false',
      'UNDERCROFT_LOCK_HELD',
      'after the end of the block the lock is free: true',
    ],
  },
  metrics: {
    title: 'the counts of a cache are those of its reads and loads, in Prometheus, too',
    lines: [
      'loaded page:/',
      '{ hits: 99, misses: 1, loads: 1 }',
      'undercroft_hits_total{cache="metrics-example"} 99',
      'a load took at least 15 ms: true',
    ],
  },
  namespaces: {
    title: 'the pages of a tenant are cleared on their own, then all of the tenant',
    lines: [
      'page 7: <h1>page 7</h1>',
      'after clearing the pages: 1 item',
      'after clearing the tenant: 0 items',
      'the other tenant: 1001 items',
    ],
  },
  'fresh-and-stale': {
    title: 'an old price is there while the shop is asked again, or closed',
    lines: [
      '20 callers at once: price 1, 1 question',
      'at once: price 1',
      'after the refresh: price 2, 2 questions',
      'reported: Error: the shop is closed',
      'while the shop is closed: price 2',
      'without an old price: Error: the shop is closed',
    ],
  },
  'cached-site': {
    title: 'a page is made once for many requests, and anew after a change',
    lines: [
      '20 at once: 1 page, <h1>made 1 time(s)</h1>',
      'once more: 200 undercroft; hit',
      'its first bytes: 206 undercroft; hit: <h1>',
      'after a change: 200 undercroft; fwd=uri-miss; stored: <h1>made 2 time(s)</h1>',
    ],
  },
  'nginx-page': {
    title: 'nginx gets a stored page as a whole HTTP message',
    lines: [
      'HTTP/1.1 200 ',
      'content-type: text/html; charset=utf-8',
      'content-length: 15',
      '',
      '<h1>Hello</h1>',
    ],
  },
  'hono-app/show': {
    title: 'a page of the app has the name it was asked with, as text',
    lines: [
      '/hello/Ada: 200 <h1>Hello Ada</h1>',
      '/hello/%3Cb%3E: 200 <h1>Hello &lt;b&gt;</h1>',
      '/nowhere: 404 404 Not Found',
    ],
  },
  'site/show': {
    title: 'a site with its INI file counts and keeps its report over a reload',
    lines: [
      '/: visit 1',
      '/: visit 2',
      '/report is kept: true',
      'after a reload: visit 3, and the report is still kept: true',
      'ended with 0',
    ],
  },
  'remote-client': {
    title: 'a remote cache stores, refuses, reads and counts as a local one does',
    lines: [
      'stored: true',
      'stored again with add: false',
      'read: hello',
      'counted to: 6',
      'in the cache itself: hello',
    ],
  },
}

describe('the examples', () => {
  test('each has a promise here', () => {
    // A folder is one example, which has one promise.
    const names = readdirSync(join(ROOT, 'examples')).map(file => file.replace(/\.ts$/, ''))
    const promised = Object.keys(PROMISES).map(name => name.replace(/\/.*/, ''))
    assert.deepEqual(names.sort(), promised.sort())
  })

  for (const [name, { title, lines }] of Object.entries(PROMISES)) {
    test(`${name}: ${title}`, async () => {
      const script = join(ROOT, 'dist/examples', `${name}.js`)
      const { stdout, stderr } = await run(process.execPath, [script], { timeout: PATIENCE_MS })
      assert.equal(stderr, '')
      assert.deepEqual(stdout.trimEnd().split(/\r?\n/), lines)
    })
  }

  test('site/show: a request that fails ends the site, too', async () => {
    const script = join(ROOT, 'dist/examples/site/show.js')
    const broken = 'data:text/javascript,globalThis.fetch = async () => { throw Error("broken") }'
    // Resolves only when the last process that has the output is gone.
    const ended = run(process.execPath, ['--import', broken, script], { timeout: PATIENCE_MS })
    await assert.rejects(ended, { code: 1, killed: false, stderr: /broken/ })
  })
})
