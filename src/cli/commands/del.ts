/** `undercroft del`: deletes one item. */

import { EXIT } from '../exit-codes.ts'
import { writeJson } from '../output.ts'
import { cacheCommand } from './cache-command.ts'
import { withTarget } from './command.ts'

export const DEL = cacheCommand({
  name: 'del',
  words: 'KEY',
  summary: 'Delete a key',
  act: context =>
    withTarget(context, async target => {
      const isDeleted = await target.delete(context.words[0] ?? '')
      if (context.isJson) await writeJson(context.environment.stdout, { deleted: isDeleted })
      return isDeleted ? EXIT.done : EXIT.miss
    }),
})
