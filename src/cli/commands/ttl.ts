/** `undercroft ttl`: how long an item still lives. */

import { formatDurationMs } from '../durations.ts'
import { EXIT } from '../exit-codes.ts'
import { toJsonDuration, writeJson, writeLine } from '../output.ts'
import { cacheCommand } from './cache-command.ts'
import { withTarget } from './command.ts'

export const TTL = cacheCommand({
  name: 'ttl',
  words: 'KEY',
  summary: 'Print how long a key still lives, as 1500ms or never',
  act: context =>
    withTarget(context, async target => {
      const { stdout } = context.environment
      const ttlMs = await target.ttlMs(context.words[0] ?? '')
      const isFound = ttlMs !== undefined
      if (context.isJson) {
        const json = isFound ? { ttlMs: toJsonDuration(ttlMs) } : {}
        await writeJson(stdout, { found: isFound, ...json })
      } else if (isFound) await writeLine(stdout, formatDurationMs(ttlMs))
      return isFound ? EXIT.done : EXIT.miss
    }),
})
