/**
 * uWSGI's `key=value` lists, as in `cache2 = name=a,items=5`. This file only splits them.
 *
 * It is more lenient than uWSGI in two ways: it trims blanks around a name, and it reports a name
 * without `=` instead of dropping it.
 */

/** One `name=value` of a list. */
export interface KeyValue {
  readonly name: string
  /** Undefined when the name has no `=`. */
  readonly value: string | undefined
}

/**
 * Splits at commas, then at the first `=`. A backslash makes the next character literal. Empty
 * entries, such as after a trailing comma, are skipped.
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
