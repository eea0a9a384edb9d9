/**
 * `npm run bench -- purge`: how long it takes to purge pages by tag, path and prefix, and what
 * purges cost a server under load.
 *
 * The pages are stored by an `HttpCache`, as responses with tags. After each purge of a tag, its
 * pages are asked for in this process and must be misses. The server under load gets purges over
 * HTTP, alternately with none.
 */

import { HttpCache } from '../../src/http-cache/index.ts'
import { Cache } from '../../src/index.ts'
import { integerOption, readCommandLine } from '../../testing/command-line.ts'
import { locatePeer } from '../../testing/peers/peers.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { median } from '../../testing/statistics.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import { roundsOption } from '../options.ts'
import { printMachine } from '../report.ts'
import { ratios, spread } from '../results.ts'
import { startWebServer } from './web-servers.ts'
import { load } from './wrk.ts'

const SECTIONS = 20
const PURGE_INTERVAL_MS = 10

export interface PurgeTimes {
  /** Milliseconds of each purge, by what it names. */
  readonly timesMs: ReadonlyMap<string, readonly number[]>
  /** Requests after a purge that were answered from the cache all the same. */
  readonly hits: number
}

const COMMAND = {
  name: 'npm run bench -- purge',
  summary: ['Measure how long purges take, and what they cost a server under load.'],
  options: {
    rounds: roundsOption(5),
    pages: integerOption('Stored pages', { fallback: 100_000, min: SECTIONS, max: 1_000_000 }),
    seconds: integerOption('Time under load in each round', { fallback: 2, min: 1, max: 600 }),
  },
}

export async function benchPurge(scope: Scope, args: readonly string[]): Promise<void> {
  const { rounds, pages, seconds } = readCommandLine(COMMAND, args)
  printMachine()
  const { timesMs, hits } = await measurePurges(scope, pages)
  console.log(`purges among ${pages} pages, ms: median (most)`)
  for (const [what, times] of timesMs) {
    console.log(
      `  ${what.padEnd(30)}${median(times).toFixed(3)} (${Math.max(...times).toFixed(3)})`,
    )
  }
  console.log(`  hits after a purge: ${hits}`)
  const shares = await measureLoad(scope, rounds, seconds)
  if (shares === undefined) return
  const perSecond = 1000 / PURGE_INTERVAL_MS
  console.log(
    `requests per second with ${perSecond} purges a second / without: ${spread(shares, 2)}`,
  )
}

export async function measurePurges(scope: Scope, count: number): Promise<PurgeTimes> {
  const sizes = { maxItems: 2 * count, blockSize: 512, blocks: 2 * count, maxTags: 65_536 }
  const cache = Cache.open({ name: 'purged', directory: memoryDir(scope), ...sizes })
  onEnd(scope, () => cache.destroy())
  const pages = new HttpCache({ cache })
  const handler = pages.handler(({ url }) => {
    const index = Number(url.split('/').at(-1))
    const tags = `all section:${index % SECTIONS}`
    return new Response('page', { headers: { 'cache-control': 'max-age=3600', 'cache-tag': tags } })
  })
  const ask = async (index: number) => {
    const response = await handler(new Request(`http://a.test/news/${index % SECTIONS}/${index}`))
    await response.text()
    return response.headers.get('cache-status')?.includes('hit') === true
  }
  for (let index = 0; index < count; index++) await ask(index)
  const timesMs = new Map<string, number[]>()
  let hits = 0
  const purge = async (what: string, index: number, act: () => unknown) => {
    const startedAtMs = performance.now()
    await act()
    const times = timesMs.get(what) ?? []
    timesMs.set(what, [...times, performance.now() - startedAtMs])
    if (await ask(index)) hits++
  }
  for (let section = 0; section < SECTIONS / 2; section++) {
    const [second, third] = [section + SECTIONS, section + 2 * SECTIONS]
    await purge('a path', second, () => pages.delete(`/news/${section}/${second}`))
    await purge(`a prefix of ${count / SECTIONS}`, third, () => {
      pages.deletePrefix(`/news/${section}/`)
    })
    const other = section + SECTIONS / 2
    await purge(`a tag of ${count / SECTIONS}`, other, () => pages.deleteTag(`section:${other}`))
  }
  await purge(`a tag of ${count}`, 1, () => pages.deleteTag('all'))
  return { timesMs, hits }
}

/** @returns requests per second with purges, as a share of those without; undefined without wrk */
async function measureLoad(
  scope: Scope,
  rounds: number,
  seconds: number,
): Promise<number[] | undefined> {
  const { command, missing } = locatePeer('wrk')
  if (command === undefined) {
    console.log(`skipped: load: ${missing}`)
    return undefined
  }
  const start = { bodySize: 1024, varies: false, origin: undefined }
  const server = await startWebServer(scope, 'middleware', start)
  if (typeof server === 'string') throw new Error(server)
  const run = async () => (await load(command, server, seconds)).perSecond
  const [quiet, purged]: [number[], number[]] = [[], []]
  await run() // the page is stored, and the code compiled
  for (let round = 0; round < rounds; round++) {
    quiet.push(await run())
    const headers = { 'surrogate-key': 'other' }
    const timer = setInterval(() => {
      void fetch(`http://127.0.0.1:${server.port}/`, { method: 'PURGE', headers })
    }, PURGE_INTERVAL_MS)
    purged.push(await run())
    clearInterval(timer)
  }
  return ratios(purged, quiet)
}
