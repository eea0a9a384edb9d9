import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { UndercroftError } from '../../src/base/index.ts'
import { formatDocument } from '../../src/monitoring/stats-document.ts'
import { NO_EVENTS } from '../../testing/cache-stats.ts'
import { FakeMachine } from './fake-environment.ts'

const FACTS = { items: 2500, maxItems: 10_000, hits: 90, misses: 10, evicted: 7, full: 1234 }

/** As a real uWSGI sends it. */
function uwsgiDocument(name: string): string {
  const cache = { name, max_items: 20, items: 5, hits: 3, miss: 1, full: 2, last_modified_at: 0 }
  return formatDocument({ version: '2.0.21', caches: [cache], sockets: [], workers: [] }, false)
}

describe('undercroft top --once', () => {
  test('prints one frame of 80 columns without terminal codes', async () => {
    const machine = new FakeMachine()
    machine.cache.facts = { ...FACTS, openers: 5, takeovers: 1, size: 3 * 1048576 }
    const { code, out, err } = await machine.run('top', '--once')
    assert.deepEqual([code, err], [0, ''])
    assert.equal(
      out,
      [
        'undercroft top: 1 cache, - gets/s, every 1s',
        'CACHE          ITEMS/MAX    FILL  HIT%  NOW%  GET/S EVIC/S  FULL TKO  ATT   SIZE',
        'default       2.5K/10.0K ##.....  90.0     -      -      -  1.2K   1    4   3.0M',
        '',
      ].join('\n'),
    )
  })

  test('has near hits and loads as well on a terminal of 100 columns', async () => {
    const machine = new FakeMachine()
    machine.isTTY = true
    machine.columns = 100
    const loads = { ...NO_EVENTS, count: 40, p99Ms: 25 }
    machine.cache.facts = { ...FACTS, nearHits: 45, loads, size: 3 * 1048576 }
    const { out } = await machine.run('top', '--once')
    const [, titles = '', row = ''] = out.split('\n')
    assert.match(titles, / SIZE NEAR% LOAD\/S LOADMS$/)
    assert.match(row, / 3\.0M {2}50\.0 {6}- {5}25$/)
  })

  test('shows all caches of the machine, or those that are named', async () => {
    const machine = new FakeMachine()
    machine.names = ['a', 'b']
    assert.match((await machine.run('top', '--once')).out, /^a .*\nb .*\n$/m)
    await machine.run('top', 'c', '--once', '--directory', '/caches')
    assert.deepEqual(machine.opened, [
      { name: 'a' },
      { name: 'b' },
      { name: 'c', directory: '/caches' },
    ])
  })

  test('reads a uWSGI, with and without stats-http; what it does not tell stays open', async () => {
    const machine = new FakeMachine()
    const header = 'HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n'
    machine.statsAnswers = {
      '127.0.0.1:9191': uwsgiDocument('x'),
      '/run/stats.sock': header + uwsgiDocument('x'),
    }
    const { code, out } = await machine.run('top', ':9191', '/run/stats.sock', '--once')
    assert.equal(code, 0)
    const line = / +5\/20 +##\.{4} +75\.0 +- +- +- +2 +- +- +-$/.source
    assert.match(out, new RegExp(`^x@127\\.0\\.0\\.1:9${line}`, 'm'))
    assert.match(out, new RegExp(`^x@/run/stats\\.${line}`, 'm'))
  })

  test('gives the reason of what cannot be read, shows the rest, and exits with 3', async () => {
    const machine = new FakeMachine()
    machine.statsAnswers = { '127.0.0.1:1': 'SSH-2.0', '127.0.0.1:2': '{"caches":[]}' }
    const { code, out } = await machine.run('top', 'a', ':1', ':2', ':3', '--once')
    assert.equal(code, 3)
    assert.match(out, /^a {2}.*0\/3/m)
    assert.match(out, /^127\.0\.0\.1:1: the response is not valid JSON/m)
    assert.match(
      out,
      /^127\.0\.0\.1:2: not an undercroft or uWSGI stats document \(UNDERCROFT_PROTOCOL\)$/m,
    )
    assert.match(out, /^127\.0\.0\.1:3: nobody listens there \(UNDERCROFT_CONNECTION\)$/m)
  })

  test('passes over a cache that went away since it was found, unless it was named', async () => {
    const machine = new FakeMachine()
    machine.failure = new UndercroftError('UNDERCROFT_NO_SUCH_CACHE', 'there is none')
    const all = await machine.run('top', '--once')
    assert.deepEqual([all.code, all.out.includes('\nno caches\n')], [0, true])
    assert.equal((await machine.run('top', 'default', '--once')).code, 3)
  })

  test('does not let a name steer the terminal', async () => {
    const machine = new FakeMachine()
    machine.statsAnswers = { '127.0.0.1:1': uwsgiDocument('a\u001b[2Jb\n\u009bc') }
    const { out } = await machine.run('top', ':1', '--once')
    assert.match(out, /^a\?\[2Jb\?\?c /m)
  })

  test('prints one document with --json', async () => {
    const machine = new FakeMachine()
    machine.cache.facts = FACTS
    const { out } = await machine.run('top', '--once', '--json')
    const [row] = JSON.parse(out).caches
    assert.deepEqual(
      [row.name, row.source, row.hitRatio, row.getsPerSecond, row.facts.maxItems],
      ['default', '', 0.9, null, 10_000],
    )
  })
})

describe('undercroft top', () => {
  test('shows what happened since the last frame, by the second', async () => {
    const machine = new FakeMachine()
    machine.cache.facts = FACTS
    machine.refreshes = [
      () => {
        machine.cache.facts = { ...FACTS, hits: 93, misses: 11, evicted: 8 }
      },
    ]
    const { code, out } = await machine.run('top', '--interval', '2s')
    assert.equal(code, 0)
    const [first, second] = out.split(/(?=^undercroft top)/m)
    assert.match(first ?? '', / 90\.0 +- +- +- +1\.2K /)
    assert.match(second ?? '', /^undercroft top: 1 cache, 2\.0 gets\/s, every 2s\n/)
    assert.match(second ?? '', / 89\.4 +75\.0 +2\.0 +0\.5 +1\.2K /)
  })

  test('compares nothing with a cache that was made anew meanwhile', async () => {
    const machine = new FakeMachine()
    machine.cache.facts = FACTS
    machine.refreshes = [
      () => {
        machine.cache.facts = { ...FACTS, hits: 1, misses: 1, evicted: 0 }
      },
    ]
    const { out } = await machine.run('top', '--json')
    const [, second] = out.trim().split('\n')
    const [row] = JSON.parse(second ?? '').caches
    assert.deepEqual([row.getsPerSecond, row.recentHitRatio, row.hitRatio], [null, null, 0.5])
  })

  test('draws over the last frame on a terminal, as wide as it is, and restores it', async () => {
    const machine = new FakeMachine()
    machine.isTTY = true
    machine.columns = 60
    machine.refreshes = [
      () => {
        machine.columns = 120
      },
    ]
    const { out } = await machine.run('top')
    assert.ok(out.startsWith('\u001b[?1049h\u001b[?25l\u001b[H'))
    assert.ok(out.endsWith('\u001b[K\u001b[J\u001b[?25h\u001b[?1049l'))
    const [, first = '', second = ''] = out.split('\u001b[H')
    assert.ok(widest(first) < 60)
    assert.equal(widest(second), 113)
  })

  test('leaves the terminal as it was when it fails', async () => {
    const machine = new FakeMachine()
    machine.isTTY = true
    machine.refreshes = [() => {}]
    Object.defineProperty(machine, 'names', {
      get: () => {
        throw new Error('no')
      },
    })
    const { code, out } = await machine.run('top')
    assert.equal(code, 3)
    assert.ok(out.endsWith('\u001b[?25h\u001b[?1049l'))
  })

  for (const [name, key] of Object.entries({ q: 'q', 'Ctrl-C': '\u0003' })) {
    test(`ends after ${name} on a terminal, and restores it`, async () => {
      const machine = new FakeMachine()
      machine.isTTY = true
      machine.pressedKey = key
      machine.refreshes = [() => {}, () => {}, () => {}]
      const { code, out } = await machine.run('top')
      assert.equal(code, 0)
      assert.ok(machine.refreshes.length > 1, 'further frames were still to come')
      assert.ok(out.endsWith('\u001b[?25h\u001b[?1049l'))
    })
  }

  test('says how many caches it has no room for', async () => {
    const machine = new FakeMachine()
    machine.isTTY = true
    machine.names = Array.from({ length: 30 }, (_, index) => `c${index}`)
    machine.refreshes = [() => {}]
    const { out } = await machine.run('top')
    const [, first = ''] = out.split('\u001b[H')
    assert.equal(first.split('\r\n').length, 24)
    assert.match(first, /\r\nand 9 more/)
  })

  for (const interval of ['0', '50ms', 'never', 'soon', '-1']) {
    test(`refuses an interval of ${interval}`, async () => {
      const { code, err } = await new FakeMachine().run('top', `--interval=${interval}`)
      assert.equal(code, 2)
      assert.match(err, /interval must be/)
    })
  }
})

function widest(frame: string): number {
  const lines = stripVTControlCharacters(frame).split('\r\n')
  return Math.max(...lines.map(line => line.length))
}
