/**
 * Several web servers with one HTTP cache: one question to the application for all of them.
 */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { HttpCache } from '../../src/http-cache/index.ts'
import type { Cache } from '../../src/index.ts'
import { Child } from '../../testing/child.ts'
import { until, within } from '../../testing/deadline.ts'
import { sendTo } from '../http-cache/contract/subject.ts'
import { openHere, ownCache } from './cache-process.ts'
import type { WebTask } from './http-child.ts'

const PROCESS_COUNT = 4
const REQUEST_COUNT = 50

interface Server {
  readonly child: Child<WebTask, number>
  readonly port: number
}

describe('four web servers that are asked for a cold page 50 times each', () => {
  test('ask the application exactly once', async t => {
    const { cache, servers } = await startServers(t)
    const bodies = servers.flatMap(askOften)
    const leader = await whoAsked(cache, servers, 1)
    await leader.child.ask({ kind: 'finish' })
    const made = await within('all answers', Promise.all(bodies))
    assert.deepEqual(new Set(made), new Set([`made by ${leader.child.pid}`]))
    assert.equal(cache.get('asked'), 1)
  })

  test('ask once more when the one that asked is killed, and answer all others', async t => {
    const { cache, servers } = await startServers(t)
    const bodies = new Map(servers.map(server => [server, askOften(server)]))
    const first = await whoAsked(cache, servers, 1)
    for (const lost of bodies.get(first) ?? []) lost.catch(() => {}) // its server is killed
    await first.child.kill()
    const others = servers.filter(server => server !== first)
    const next = await whoAsked(cache, others, 2)
    await next.child.ask({ kind: 'finish' })
    const answers = others.flatMap(server => bodies.get(server) ?? [])
    const made = await within('all answers', Promise.all(answers))
    assert.deepEqual(new Set(made), new Set([`made by ${next.child.pid}`]))
    assert.equal(cache.get('asked'), 2)
  })
})

describe('a purge by one process', () => {
  for (const [by, purge] of Object.entries({
    tag: (pages: HttpCache) => pages.deleteTag('cold'),
    path: (pages: HttpCache) => pages.delete('/cold'),
    prefix: (pages: HttpCache) => pages.deletePrefix('/'),
  })) {
    test(`by ${by} removes what others stored, and what they are making`, async t => {
      const { cache, servers } = await startServers(t)
      const pages = new HttpCache({ cache })
      const [first, second] = servers
      const leader = async (server: Server, times: number) => {
        const body = get(server)
        await until(`the application is asked ${times} times`, () => cache.get('asked') === times)
        return {
          finish: async () => {
            await server.child.ask({ kind: 'finish' })
            await body
            await until('the lease is over', () => ![...cache.keys()].some(isLease))
          },
        }
      }
      const made = await leader(first, 1)
      await purge(pages)
      await made.finish()
      await (await leader(second, 2)).finish()
      assert.equal(await get(first), `made by ${second.child.pid}`)
      await purge(pages)
      await (await leader(first, 3)).finish()
      assert.equal(await get(second), `made by ${first.child.pid}`)
    })
  }
})

const isLease = (key: string) => key.startsWith('lease:')

async function get({ port }: Server): Promise<string> {
  const send = sendTo({ port, address: '127.0.0.1', family: 'IPv4' })
  return (await send('GET', '/cold', {})).body
}

async function startServers(t: TestContext): Promise<{ cache: Cache; servers: Server[] }> {
  const options = ownCache(t, { maxItems: 100 })
  const cache = openHere(t, options)
  const script = new URL('./http-child.js', import.meta.url)
  const servers = Array.from({ length: PROCESS_COUNT }, async () => {
    const child = await Child.start<WebTask, number>(t, script)
    return { child, port: await child.ask({ kind: 'serve', options }) }
  })
  return { cache, servers: await Promise.all(servers) }
}

function askOften({ port }: Server): Promise<string>[] {
  const send = sendTo({ port, address: '127.0.0.1', family: 'IPv4' })
  return Array.from({ length: REQUEST_COUNT }, async () => {
    const { status, body } = await send('GET', '/cold', {})
    assert.equal(status, 200)
    return body
  })
}

/**
 * Waits until all requests have arrived and the application was asked that many times.
 *
 * @returns the server that asked last
 */
async function whoAsked(cache: Cache, servers: readonly Server[], times: number): Promise<Server> {
  const count = PROCESS_COUNT * REQUEST_COUNT
  await until('all requests are there', () => cache.get('arrived') === count)
  await until(`the application is asked ${times} times`, () => cache.get('asked') === times)
  const pid = cache.get('asked by')
  return servers.find(({ child }) => child.pid === pid) ?? assert.fail(`no server ${pid}`)
}
