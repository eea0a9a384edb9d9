/** `undercroft exists`: whether a key is there, as an exit code. */

import { EXIT } from '../exit-codes.ts'
import { writeJson } from '../output.ts'
import { cacheCommand } from './cache-command.ts'
import { withTarget } from './command.ts'

export const EXISTS = cacheCommand({
  name: 'exists',
  words: 'KEY',
  summary: 'Exit with 0 if a key is there, with 1 if not',
  act: context =>
    withTarget(context, async target => {
      const isThere = await target.has(context.words[0] ?? '')
      if (context.isJson) await writeJson(context.environment.stdout, { exists: isThere })
      return isThere ? EXIT.done : EXIT.miss
    }),
})
