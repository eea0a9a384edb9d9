/**
 * Values that tell by themselves whether they are whole, and whose they are: of all kinds and many
 * sizes, with their key and a checksum inside.
 */

/** `n` chooses the kind and the letters. */
export function checkedValue(key: string, n: number, size: number): unknown {
  const body = `${key} ${String.fromCharCode(97 + (n % 26)).repeat(size)}`
  const text = `${checksum(body)} ${body}`
  switch (n % 5) {
    case 0:
      return Buffer.from(text)
    case 1:
      return { text }
    case 2:
      return new Map([['text', text]])
    case 3: {
      const accented = `${body}é`
      return `${checksum(accented)} ${accented}`
    }
    default:
      return text
  }
}

/** @returns what is wrong with a value that a reader got for the key, or undefined */
export function faultOf(key: string, value: unknown): string | undefined {
  const text = textOf(value)
  const [sum, ...rest] = text?.split(' ') ?? []
  const body = rest.join(' ')
  if (text === undefined || String(checksum(body)) !== sum) {
    return `${key} has a value that is not whole: ${text?.slice(0, 80)}`
  }
  return body.startsWith(`${key} `) ? undefined : `${key} has the value of ${rest[0]}`
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (Buffer.isBuffer(value)) return value.toString()
  const text = value instanceof Map ? value.get('text') : (value as { text?: unknown } | null)?.text
  return typeof text === 'string' ? text : undefined
}

/** FNV-1a. */
function checksum(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
