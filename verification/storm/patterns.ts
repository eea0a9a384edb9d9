/**
 * Values that carry their own key, version, expiry and checksum, so that every reader can check
 * them. They have several types and any size.
 */

/** What a value says about itself. */
export interface StampedValue {
  readonly key: string
  /** Each version of one writer is higher than all before. */
  readonly version: number
  /** From this moment on, no reader may see the value. 0: it does not expire. */
  readonly endsAtMs: number
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'

/** The version selects the type and the letters. `size` letters follow the facts. */
export function makeValue({ key, version, endsAtMs }: StampedValue, size: number): unknown {
  const letter = LETTERS[version % LETTERS.length]
  const wide = version % 4 === 3 ? 'é' : ''
  const body = `${key}|${version}|${endsAtMs}|${wide}${letter.repeat(size)}`
  const text = `${checksum(body)}|${body}`
  switch (version % 4) {
    case 0:
      return Buffer.from(text)
    case 1:
      return { text }
    default:
      return text
  }
}

/** @returns undefined if `makeValue` did not make the value, or if it was damaged */
export function readValue(value: unknown): StampedValue | undefined {
  const text = textOf(value)
  const at = text?.indexOf('|') ?? -1
  if (text === undefined || at < 0) return undefined
  const body = text.slice(at + 1)
  if (String(checksum(body)) !== text.slice(0, at)) return undefined
  const [key = '', version, endsAtMs] = body.split('|')
  return { key, version: Number(version), endsAtMs: Number(endsAtMs) }
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (Buffer.isBuffer(value)) return value.toString()
  const text = (value as { readonly text?: unknown } | null)?.text
  return typeof text === 'string' ? text : undefined
}

/** FNV-1a. */
function checksum(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
