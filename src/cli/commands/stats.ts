/** `undercroft stats`: counts and fill of a cache. */

import { EXIT } from '../exit-codes.ts'
import { writeJson, writeLine } from '../output.ts'
import { cacheCommand } from './cache-command.ts'
import { withTarget } from './command.ts'

export const STATS = cacheCommand({
  name: 'stats',
  words: '',
  summary: 'Print counts and fill',
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
        await writeLine(stdout, `${name.padEnd(width)}  ${value}`)
      }
      return EXIT.done
    }),
})
