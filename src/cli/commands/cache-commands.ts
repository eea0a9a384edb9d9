/**
 * The commands on a whole cache: `keys`, `clear`, `stats`, `inspect` and `verify`.
 */

import type { CacheStats } from '../../base/index.ts'
import { integerOption } from '../../uwsgi/options/index.ts'
import type { CommandTarget } from '../environment.ts'
import { EXIT, toJsonBytes, writeJson, writeLine } from '../output.ts'
import { cacheCommand, LIMIT_ROW, withTarget } from './command.ts'
import { formatMemory, geometryOf, reportMemory } from './memory-report.ts'

const PAGE_SIZE = 1000

export const KEYS = cacheCommand({
  rows: [LIMIT_ROW],
  act: context => {
    const limit = integerOption(context.options, 'limit') ?? Number.POSITIVE_INFINITY
    return withTarget(context, async target => {
      const { stdout } = context.environment
      const all: Buffer[] = []
      for await (const keys of readPages(target, limit)) {
        if (context.isJson) all.push(...keys)
        else await stdout.write(Buffer.concat(keys.flatMap(key => [key, NEWLINE])))
      }
      if (context.isJson) await writeJson(stdout, all.map(toJsonBytes))
      return EXIT.done
    })
  },
})

const NEWLINE = Buffer.from('\n')

async function* readPages(target: CommandTarget, limit: number): AsyncGenerator<Buffer[]> {
  let cursor = 0
  let wanted = limit
  do {
    const page = await target.keyPage(cursor, Math.min(wanted, PAGE_SIZE))
    // A server may send more keys than requested.
    const keys = page.keys.slice(0, wanted)
    yield keys
    wanted -= keys.length
    cursor = page.next
  } while (cursor !== 0 && wanted > 0)
}

export const CLEAR = cacheCommand({
  act: context =>
    withTarget(context, async target => {
      const { stdout } = context.environment
      const deleted = await target.clear()
      if (context.isJson) await writeJson(stdout, { deleted })
      else await writeLine(stdout, String(deleted))
      return EXIT.done
    }),
})

export const STATS = cacheCommand({
  act: context =>
    withTarget(context, async target => {
      const { stdout } = context.environment
      const stats = await target.stats()
      if (context.isJson) {
        await writeJson(stdout, stats)
        return EXIT.done
      }
      const facts = Object.entries(stats)
      const width = Math.max(...facts.map(([name]) => name.length))
      for (const [name, value] of facts) {
        await writeLine(stdout, `${name.padEnd(width)}  ${formatStat(value)}`)
      }
      return EXIT.done
    }),
})

/** Durations come as one line with their percentiles. */
function formatStat(value: CacheStats[keyof CacheStats]): string {
  if (typeof value !== 'object') return String(value)
  if (value.count === 0) return '0'
  const percentiles = [value.p50Ms, value.p90Ms, value.p99Ms].map(
    ms => `${Number(ms.toPrecision(3))}`,
  )
  return `${value.count} (ms: p50 ${percentiles[0]}, p90 ${percentiles[1]}, p99 ${percentiles[2]})`
}

export const INSPECT = cacheCommand({
  act: context =>
    withTarget(context, async target => {
      const { stdout } = context.environment
      const stats = await target.stats()
      const { name, items, maxItems, blocks, freeBlocks } = stats
      const report = reportMemory(geometryOf(stats))
      if (context.isJson) {
        await writeJson(stdout, { name, items, maxItems, blocks, freeBlocks, ...report })
        return EXIT.done
      }
      await writeLine(stdout, `${name}: ${items} of ${maxItems} items`)
      await writeLine(stdout, `${blocks - freeBlocks} of ${blocks} blocks hold values\n`)
      for (const line of formatMemory(report, maxItems)) await writeLine(stdout, line)
      return EXIT.done
    }),
})

export const VERIFY = cacheCommand({
  act: context =>
    withTarget(context, async target => {
      const { stdout } = context.environment
      const report = await target.verify()
      if (context.isJson) await writeJson(stdout, report)
      else {
        const verdict = report.ok ? 'ok' : `corrupt: ${report.problems.length} problems`
        await writeLine(stdout, `${verdict}, ${report.items} items`)
        for (const problem of report.problems) await writeLine(stdout, `  ${problem}`)
      }
      return report.ok ? EXIT.done : EXIT.failure
    }),
})
