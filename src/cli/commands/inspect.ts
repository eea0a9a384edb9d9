/** `undercroft inspect`: what the memory of a cache is for. */

import { EXIT } from '../exit-codes.ts'
import { writeJson, writeLine } from '../output.ts'
import { cacheCommand } from './cache-command.ts'
import { withTarget } from './command.ts'
import { formatMemory, geometryOf, reportMemory } from './memory-report.ts'

export const INSPECT = cacheCommand({
  name: 'inspect',
  words: '',
  summary: 'Print what its memory is for, and bytes an item costs',
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
