/**
 * uWSGI's `key=value` lists, as in `cache2 = name=a,items=5`: splitting only, no meaning.
 *
 * Two kindnesses more than uWSGI: blanks around a name are trimmed, and a name without `=` is
 * reported to the caller instead of being dropped.
 */

/** One `name=value` of a list. */
export interface KeyValue {
  readonly name: string
  /** Undefined when there was no `=`. */
  readonly value: string | undefined
}

/**
 * Splits at commas, then at the first `=`. A backslash takes the next character as it is. Empty
 * entries, as after a trailing comma, are skipped.
 */
export function parseKeyValues(text: string): KeyValue[] {
  const pairs: KeyValue[] = []
  let name = ''
  let value: string | undefined
  const finish = () => {
    if (name.trim() !== '' || value !== undefined) pairs.push({ name: name.trim(), value })
    name = ''
    value = undefined
  }
  for (let position = 0; position < text.length; position++) {
    let character = text.charAt(position)
    const isEscaped = character === '\\' && position + 1 < text.length
    if (isEscaped) character = text.charAt(++position)
    if (!isEscaped && character === ',') finish()
    else if (!isEscaped && character === '=' && value === undefined) value = ''
    else if (value === undefined) name += character
    else value += character
  }
  finish()
  return pairs
}
