/**
 * What `set` and `add` share: a value from the arguments or standard input, stored or refused.
 */

import { type TtlOptions, UndercroftError } from '../../base/index.ts'
import { readTtl } from '../durations.ts'
import type { CommandTarget } from '../environment.ts'
import { EXIT } from '../exit-codes.ts'
import { writeJson, writeLine } from '../output.ts'
import { cacheCommand } from './cache-command.ts'
import { type Command, withTarget } from './command.ts'
import { TTL_ROW } from './command-rows.ts'

/** What tells the two apart. */
export interface StoringParts {
  readonly name: string
  readonly summary: string
  /** What to say when the cache did not take it. */
  readonly refusal: string
  store(
    target: CommandTarget,
    key: string,
    value: Uint8Array,
    options: TtlOptions,
  ): boolean | Promise<boolean>
}

/** A command that stores a value. */
export function storingCommand(parts: StoringParts): Command {
  return cacheCommand({
    name: parts.name,
    words: 'KEY VALUE',
    summary: parts.summary,
    rows: [TTL_ROW],
    act: context => {
      const ttl = readTtl(context.options)
      const { stdin, stdout, stderr } = context.environment
      const [key = '', text = ''] = context.words
      return withTarget(context, async target => {
        const value = text === '-' ? await readAll(stdin) : Buffer.from(text)
        const isStored = await parts.store(target, key, value, ttl)
        if (context.isJson) await writeJson(stdout, { stored: isStored })
        else if (!isStored) await writeLine(stderr, `undercroft: not stored: ${parts.refusal}`)
        return isStored ? EXIT.done : EXIT.miss
      })
    },
  })
}

/** The most that is read from standard input, in bytes; what a cache takes, it tells by itself. */
const INPUT_LIMIT = 64 * 1024 * 1024

async function readAll(input: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of input) {
    size += chunk.byteLength
    if (size > INPUT_LIMIT) {
      throw new UndercroftError(
        'UNDERCROFT_VALUE_TOO_LARGE',
        `the value on standard input is larger than ${INPUT_LIMIT} bytes`,
      )
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
