/** `undercroft keys`: the live keys, page by page. */

import { integerOption } from '../../uwsgi/options/index.ts'
import type { CommandTarget } from '../environment.ts'
import { EXIT } from '../exit-codes.ts'
import { toJsonBytes, writeJson } from '../output.ts'
import { cacheCommand } from './cache-command.ts'
import { withTarget } from './command.ts'
import { LIMIT_ROW } from './command-rows.ts'

const PAGE_SIZE = 1000

export const KEYS = cacheCommand({
  name: 'keys',
  words: '',
  summary: 'List the keys, one a line; with --json safe for any bytes',
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
    // A server may send more than was asked for.
    const keys = page.keys.slice(0, wanted)
    yield keys
    wanted -= keys.length
    cursor = page.next
  } while (cursor !== 0 && wanted > 0)
}
