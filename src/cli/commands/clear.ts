/** `undercroft clear`: deletes all items. */

import { EXIT } from '../exit-codes.ts'
import { writeJson, writeLine } from '../output.ts'
import { cacheCommand } from './cache-command.ts'
import { withTarget } from './command.ts'

export const CLEAR = cacheCommand({
  name: 'clear',
  words: '',
  summary: 'Delete all items and print how many there were',
  act: context =>
    withTarget(context, async target => {
      const { stdout } = context.environment
      const deleted = await target.clear()
      if (context.isJson) await writeJson(stdout, { deleted })
      else await writeLine(stdout, String(deleted))
      return EXIT.done
    }),
})
