/**
 * What both forms of a dump share: the first line, the limits, and the errors.
 *
 * A dump begins with a line of JSON in either form. Items follow, and at the end their number, so
 * that a dump cut short is recognized.
 */

import { type ItemCircumstances, UndercroftError, type ValueTypeName } from '../base/index.ts'

export const DUMP_FORMS = ['ndjson', 'binary'] as const

/** How a dump writes its items. */
export type DumpForm = (typeof DUMP_FORMS)[number]

/** One item of a dump. */
export interface DumpItem {
  readonly key: Buffer
  readonly bytes: Buffer
  readonly type: ValueTypeName
  /** Unix milliseconds; 0: never. */
  readonly expiresAtMs: number
  readonly circumstances: ItemCircumstances | undefined
}

/** Writes the parts after the first line. */
export interface DumpWriter {
  item(item: DumpItem): Buffer
  end(count: number): Buffer
}

/** What a reader finds at its position: an item, or the number of all items. */
export type DumpPart = DumpItem | { readonly count: number }

/** Larger values are not dumped, so a reader need not trust sizes beyond this. */
export const MAX_DUMPED_VALUE_SIZE = 64 * 1024 * 1024

const VERSION = 1

export const MAX_FIRST_LINE_SIZE = 4096

export function firstLine(form: DumpForm, cache: string, createdAtMs: number): Buffer {
  const line = { undercroft: 'dump', version: VERSION, form, cache, createdAtMs }
  return Buffer.from(`${JSON.stringify(line)}\n`)
}

/**
 * @returns the form of the items after this line
 * @throws UndercroftError - UNDERCROFT_DUMP_INVALID, UNDERCROFT_VERSION_MISMATCH
 */
export function readFirstLine(line: Buffer): DumpForm {
  const fields = parseObject(line)
  if (fields?.undercroft !== 'dump') {
    throw dumpInvalid(
      'the input is not a dump: a dump begins with a line that has "undercroft":"dump"',
    )
  }
  if (fields.version !== VERSION) {
    throw new UndercroftError(
      'UNDERCROFT_VERSION_MISMATCH',
      `the dump has version ${JSON.stringify(fields.version)}, and this undercroft reads version ` +
        `${VERSION}: load it with the undercroft that made it, or a newer one`,
    )
  }
  const form = DUMP_FORMS.find(known => known === fields.form)
  if (form !== undefined) return form
  throw dumpInvalid(`the form of a dump is one of ${DUMP_FORMS.join(', ')}; this dump has another`)
}

/** @returns whether a number can be a moment: Unix milliseconds, or 0 for never */
export function isMoment(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER
}

/** @returns the object that the JSON is; undefined if it is anything else */
export function parseObject(json: Buffer): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(json.toString())
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    return isObject ? (parsed as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

export function dumpInvalid(message: string): UndercroftError {
  return new UndercroftError('UNDERCROFT_DUMP_INVALID', message)
}

export function dumpCutShort(): UndercroftError {
  return new UndercroftError(
    'UNDERCROFT_TRUNCATED',
    'the dump ends before its end mark: it was cut short, so make or copy it again',
  )
}
