/** `undercroft get`: the bytes of an item. */

import { NEVER } from '../../base/index.ts'
import { EXIT } from '../exit-codes.ts'
import { toJsonBytes, writeJson, writeValue } from '../output.ts'
import { cacheCommand } from './cache-command.ts'
import { withTarget } from './command.ts'

export const GET = cacheCommand({
  name: 'get',
  words: 'KEY',
  summary: 'Print the value of a key, byte for byte',
  act: context =>
    withTarget(context, async target => {
      const { stdout } = context.environment
      const item = await target.getItem(context.words[0] ?? '')
      if (item === undefined) {
        if (context.isJson) await writeJson(stdout, { found: false })
        return EXIT.miss
      }
      if (context.isJson) {
        // 0 is how an item says never; JSON has a word for that.
        const expiresAtMs = item.expiresAtMs === NEVER ? null : item.expiresAtMs
        await writeJson(stdout, { found: true, value: toJsonBytes(item.bytes), expiresAtMs })
      } else {
        await writeValue(stdout, item.bytes)
      }
      return EXIT.done
    }),
})
