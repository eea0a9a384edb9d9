/**
 * Where `top` looks: caches of this machine, and stats servers.
 */

import { UndercroftError } from '../../base/index.ts'
import { formatAddress, parseAddress, type SocketAddress } from '../../uwsgi/options/index.ts'
import type { CommandEnvironment } from '../environment.ts'
import { parseStatsDocument, type Reading } from './top-reading.ts'

/** What one word of the command line names; without words, every cache there is. */
export type TopSource =
  | { readonly kind: 'all' }
  | { readonly kind: 'cache'; readonly name: string }
  | { readonly kind: 'server'; readonly address: SocketAddress }

/** A word with a colon or a slash is an address; names have neither. */
export function parseSources(words: readonly string[]): TopSource[] {
  if (words.length === 0) return [{ kind: 'all' }]
  return words.map(word =>
    /[:/]/.test(word)
      ? { kind: 'server', address: parseAddress('the address', word) }
      : { kind: 'cache', name: word },
  )
}

/** Asks all sources at once; what cannot be read becomes a reading with a problem. */
export async function readSources(
  sources: readonly TopSource[],
  directory: string | undefined,
  environment: CommandEnvironment,
): Promise<Reading[]> {
  const readings = sources.map(source => readSource(source, directory, environment))
  return (await Promise.all(readings)).flat()
}

async function readSource(
  source: TopSource,
  directory: string | undefined,
  environment: CommandEnvironment,
): Promise<Reading[]> {
  if (source.kind === 'server') return readServer(source.address, environment)
  if (source.kind === 'cache') return [await readCache(source.name, directory, environment)]
  const names = environment.topHost.listCaches(directory)
  const readings = await Promise.all(names.map(name => readCache(name, directory, environment)))
  return readings.filter(reading => reading.code !== 'UNDERCROFT_NO_SUCH_CACHE') // gone since
}

/**
 * Opened and closed each time: a cache that was destroyed meanwhile is not kept alive by being
 * watched, and one that was made anew under its name is found.
 */
async function readCache(
  name: string,
  directory: string | undefined,
  environment: CommandEnvironment,
): Promise<Reading> {
  try {
    const target = await environment.openTarget({
      name,
      ...(directory === undefined ? {} : { directory }),
    })
    try {
      const stats = await target.stats()
      const attachments = stats.attachments - 1 // this look is one of them
      return { source: '', name, facts: { ...stats, name, attachments } }
    } finally {
      await target.close()
    }
  } catch (error) {
    return { source: '', name, ...problemOf(error) }
  }
}

async function readServer(
  address: SocketAddress,
  { topHost }: CommandEnvironment,
): Promise<Reading[]> {
  const source = formatAddress(address)
  try {
    const caches = parseStatsDocument(await topHost.readStats(address))
    return caches.map(facts => ({ source, name: facts.name, facts }))
  } catch (error) {
    return [{ source, name: '', ...problemOf(error) }]
  }
}

function problemOf(error: unknown): Pick<Reading, 'problem' | 'code'> {
  const problem = error instanceof Error ? error.message : String(error)
  return { problem, code: error instanceof UndercroftError ? error.code : 'UNDERCROFT_SYSTEM' }
}
