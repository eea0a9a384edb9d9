/**
 * Rules with `lock`: one request asks the application, in all workers, and the others wait for it.
 */

import assert from 'node:assert/strict'
import { request } from 'node:http'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Cache } from '../../src/index.ts'
import { until } from '../../testing/deadline.ts'
import { get, type Runner, startServe } from '../../testing/runner-process.ts'
import { onEnd } from '../../testing/scope.ts'

const APP = fileURLToPath(new URL('./turn-app.js', import.meta.url))

interface Site {
  readonly runner: Runner
  /** How often the application was asked for that path. */
  calls(path: string): number
  /** The process that was asked last. */
  asker(): number
  /** From now on the application answers. */
  go(): void
  /** From now on it does not. */
  stop(): void
  /** Asks, from connections of their own, until each worker has at least three requests. */
  crowd(path: string): Promise<readonly Promise<string>[]>
  readonly pages: Cache
}

async function startSite(t: TestContext): Promise<Site> {
  const place = `key=\${REQUEST_URI},name=pages`
  const runner = await startServe(t, [
    ...[
      '--instance',
      'turns',
      '--module',
      APP,
      '--http',
      '127.0.0.1:0',
      '--processes',
      '2',
      '--stats',
      '127.0.0.1:0',
    ],
    ...['--cache2', 'name=pages,items=100', '--cache2', 'name=talk,items=100'],
    ...['--route', `^/ cache:${place}`, '--route', `^/ cachestore:${place},lock=1`],
  ])
  const { directory, port } = runner
  const [pages, talk] = ['pages', 'talk'].map(name =>
    Cache.open({ name: `turns/${name}`, directory }),
  )
  assert.ok(pages !== undefined && talk !== undefined)
  onEnd(t, () => [pages.close(), talk.close()])
  return {
    runner,
    pages,
    calls: path => Number(talk.get(`calls ${path}`) ?? 0),
    asker: () => Number(talk.get('asked')),
    go: () => talk.set('go', true),
    stop: () => talk.delete('go'),
    async crowd(path) {
      const answers: Promise<string>[] = []
      const before = await requestCounts(runner)
      const begun = async () => {
        const counts = await requestCounts(runner)
        return counts.map((count, index) => count - (before[index] ?? 0))
      }
      await until('each worker has three', async () => {
        const answer = get({ port, path }).then(({ body }) => body)
        answer.catch(() => {}) // its worker may be killed
        answers.push(answer)
        return (await begun()).every(count => count >= 3)
      })
      await until('all have begun', async () => {
        return (await begun()).reduce((sum, count) => sum + count) === answers.length
      })
      return answers
    },
  }
}

/** Of each worker, those under way among them. */
async function requestCounts({ service }: Runner): Promise<readonly number[]> {
  const [, port] = /Stats server enabled on 127\.0\.0\.1:(\d+)/.exec(service.output()) ?? []
  const { body } = await get({ port: Number(port), path: '/' })
  const { workers } = JSON.parse(body) as { workers: readonly { requests: number }[] }
  return workers.map(({ requests }) => requests)
}

describe('cachestore with lock', () => {
  test('asks the application once, however many wait in two workers, and all get that', async t => {
    const site = await startSite(t)
    const answers = await site.crowd('/page')
    assert.ok(answers.length >= 6)
    site.go()
    const bodies = new Set(await Promise.all(answers))
    assert.equal(bodies.size, 1, [...bodies].join())
    assert.equal(site.calls('/page'), 1)
    await until('the lease is gone', () => site.pages.stats().items === 1)
  })

  test('lets nobody wait again for a response that was not for storing', async t => {
    const site = await startSite(t)
    const answers = await site.crowd('/cookie')
    assert.equal(site.calls('/cookie'), 1)
    site.go()
    const bodies = await Promise.all(answers)
    assert.equal(new Set(bodies).size, bodies.length)
    assert.equal(site.calls('/cookie'), bodies.length)
    site.stop()
    const later = await site.crowd('/cookie')
    await until('all ask', () => site.calls('/cookie') === bodies.length + later.length)
    site.go()
    await Promise.all(later)
    await until('the leases are gone', () => site.pages.stats().items === 0)
  })

  test('goes on with the next when the worker that asks is killed', async t => {
    const site = await startSite(t)
    const answers = await site.crowd('/page')
    assert.equal(site.calls('/page'), 1)
    process.kill(site.asker(), 'SIGKILL')
    site.go()
    const outcomes = await Promise.allSettled(answers)
    const bodies = outcomes.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
    assert.ok(bodies.length >= 3)
    assert.equal(new Set(bodies).size, 1)
    assert.equal(site.calls('/page'), 2)
  })

  test('goes on with the next when the client of the one that asks leaves', async t => {
    const site = await startSite(t)
    const { port } = site.runner
    const leaving = request({ port, host: '127.0.0.1', path: '/page', agent: false }).end()
    leaving.on('error', () => {})
    await until('it is asked', () => site.calls('/page') === 1)
    const answers = await site.crowd('/page')
    assert.equal(site.calls('/page'), 1)
    leaving.destroy()
    await until('the next asks', () => site.calls('/page') === 2)
    site.go()
    assert.equal(new Set(await Promise.all(answers)).size, 1)
    assert.equal(site.calls('/page'), 2)
  })

  test('after five seconds of waiting asks as well', async t => {
    const site = await startSite(t)
    const first = site.runner.get('/page')
    await until('it is asked', () => site.calls('/page') === 1)
    const second = site.runner.get('/page')
    await until('the second asks', () => site.calls('/page') === 2)
    site.go()
    assert.deepEqual([(await first).status, (await second).status], [200, 200])
  })
})
