/**
 * The commands on one item: `get`, `set`, `add`, `del`, `exists`, `ttl` and `inc`.
 */

import { type TtlOptions, UndercroftError } from '../../base/index.ts'
import {
  findLast,
  flagOption,
  formatGiven,
  type OptionRow,
  parseInteger64,
} from '../../uwsgi/options/index.ts'
import { formatDurationMs, readTtl } from '../durations.ts'
import type { CommandTarget } from '../environment.ts'
import {
  EXIT,
  toJsonBytes,
  toJsonDuration,
  toJsonInteger,
  toJsonValue,
  toReadable,
  writeJson,
  writeLine,
  writeValue,
} from '../output.ts'
import {
  type Command,
  cacheCommand,
  INITIAL_ROW,
  readTargetAddress,
  TTL_ROW,
  withTarget,
} from './command.ts'

const RAW_ROW: OptionRow = {
  name: 'raw',
  kind: 'flag',
  group: 'command',
  support: 'now',
  description: 'Print the bytes as they are stored.',
}

export const GET = cacheCommand({
  rows: [RAW_ROW],
  act: context =>
    withTarget(context, async target => {
      const { stdout } = context.environment
      const item = await target.getItem(context.words[0] ?? '')
      if (item === undefined) {
        if (context.isJson) await writeJson(stdout, { found: false })
        return EXIT.miss
      }
      const { bytes, type = 'bytes' } = item
      const isRaw = flagOption(context.options, 'raw')
      const isHere = readTargetAddress(context).remote === undefined
      if (context.isJson) {
        // An item that never expires has 0 here; JSON uses null.
        const expiresAtMs = item.expiresAtMs === 0 ? null : item.expiresAtMs
        const value = isRaw ? toJsonBytes(bytes) : toJsonValue(bytes, type)
        await writeJson(stdout, { found: true, type, value, expiresAtMs })
      } else {
        await writeValue(stdout, isRaw ? bytes : toReadable(bytes, type, isHere))
      }
      return EXIT.done
    }),
})

export const SET = storingCommand({
  explain: () => 'the cache is full',
  store: (target, key, value, ttl) => target.set(key, value, ttl),
})

export const ADD = storingCommand({
  explain: async (target, key) =>
    (await target.has(key)) ? 'the key is already present' : 'the cache is full',
  store: (target, key, value, ttl) => target.add(key, value, ttl),
})

/** The differences between `set` and `add`. */
interface StoringParts {
  /** Says why the cache has refused the value. */
  explain(target: CommandTarget, key: string): string | Promise<string>
  store(
    target: CommandTarget,
    key: string,
    value: Uint8Array,
    options: TtlOptions,
  ): boolean | Promise<boolean>
}

/** Makes a command that stores a value from its arguments or standard input. */
function storingCommand(parts: StoringParts): Command {
  return cacheCommand({
    rows: [TTL_ROW],
    act: context => {
      const ttl = readTtl(context.options)
      const { stdin, stdout, stderr } = context.environment
      const [key = '', text = ''] = context.words
      return withTarget(context, async target => {
        const value = text === '-' ? await readAll(stdin) : Buffer.from(text)
        const isStored = await parts.store(target, key, value, ttl)
        if (context.isJson) await writeJson(stdout, { stored: isStored })
        else if (!isStored) {
          await writeLine(stderr, `undercroft: not stored: ${await parts.explain(target, key)}`)
        }
        return isStored ? EXIT.done : EXIT.miss
      })
    },
  })
}

/** Maximum size read from standard input, in bytes. The cache enforces its own limit. */
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

export const DEL = cacheCommand({
  act: context =>
    withTarget(context, async target => {
      const isDeleted = await target.delete(context.words[0] ?? '')
      if (context.isJson) await writeJson(context.environment.stdout, { deleted: isDeleted })
      return isDeleted ? EXIT.done : EXIT.miss
    }),
})

export const EXISTS = cacheCommand({
  act: context =>
    withTarget(context, async target => {
      const isThere = await target.has(context.words[0] ?? '')
      if (context.isJson) await writeJson(context.environment.stdout, { exists: isThere })
      return isThere ? EXIT.done : EXIT.miss
    }),
})

export const TTL = cacheCommand({
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

export const INC = cacheCommand({
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
