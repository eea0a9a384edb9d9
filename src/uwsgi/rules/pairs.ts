/**
 * One value out of a Cookie header or a query string, as raw as it came.
 *
 * uWSGI 2.0.21, core/cookie.c and core/querystring.c: split at the separator, then at the first
 * `=`; an empty value is none, and the next pair of that name is looked at.
 */

export function findPair(text: string, separator: ';' | '&', name: string): string {
  let start = 0
  while (start < text.length) {
    const separatorAt = text.indexOf(separator, start)
    const end = separatorAt < 0 ? text.length : separatorAt
    const pair = separator === ';' ? trimSlice(text, start, end) : text.slice(start, end)
    if (pair.startsWith(name) && pair.charAt(name.length) === '=') {
      const value = pair.slice(name.length + 1)
      if (value !== '' && !name.includes('=')) return value
    }
    start = end + 1
  }
  return ''
}

/** Without blanks around it. Not `trim`, to which a byte of a UTF-8 character can look like one. */
function trimSlice(text: string, start: number, end: number): string {
  let first = start
  let last = end
  while (first < last && isBlank(text.charCodeAt(first))) first++
  while (last > first && isBlank(text.charCodeAt(last - 1))) last--
  return text.slice(first, last)
}

/** What `isspace` of C says. */
function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}
