/** `undercroft inc`: adds to a counter. */

import { findLast, formatGiven, parseInteger64 } from '../../uwsgi/options/index.ts'
import { readTtl } from '../durations.ts'
import { EXIT } from '../exit-codes.ts'
import { toJsonInteger, writeJson, writeLine } from '../output.ts'
import { cacheCommand } from './cache-command.ts'
import { withTarget } from './command.ts'
import { INITIAL_ROW, TTL_ROW } from './command-rows.ts'

export const INC = cacheCommand({
  name: 'inc',
  words: 'KEY [BY]',
  summary: 'Add to a counter, 1 unless BY says otherwise, and print it',
  rows: [INITIAL_ROW, TTL_ROW],
  act: context => {
    const [key = '', byText = '1'] = context.words
    const by = parseInteger64('BY', byText)
    const given = findLast(context.options, 'initial')
    const initial = given && parseInteger64(formatGiven(given), given.value)
    const ttl = readTtl(context.options)
    return withTarget(context, async target => {
      const { stdout, stderr } = context.environment
      const value = await target.count(key, 'inc', by, {
        ...(initial === undefined ? {} : { initial }),
        ...ttl,
      })
      const isStored = value !== undefined
      if (context.isJson) {
        const json = isStored ? { value: toJsonInteger(value) } : {}
        await writeJson(stdout, { stored: isStored, ...json })
      } else if (isStored) await writeLine(stdout, String(value))
      else await writeLine(stderr, 'undercroft: not stored: the cache is full')
      return isStored ? EXIT.done : EXIT.miss
    })
  },
})
