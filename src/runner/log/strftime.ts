/**
 * Local times as text, in the form that C's `strftime` gives them in the C locale.
 */

import { invalidOption } from '../../base/index.ts'

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July'],
  ...['August', 'September', 'October', 'November', 'December'],
]

/** Each conversion by its letter. */
const CONVERSIONS: Readonly<Record<string, (at: Date) => string>> = {
  a: at => dayOf(at).slice(0, 3),
  A: dayOf,
  b: at => monthOf(at).slice(0, 3),
  B: monthOf,
  c: at => expand('%a %b %e %H:%M:%S %Y', at),
  d: at => pad(at.getDate(), 2),
  e: at => String(at.getDate()).padStart(2),
  F: at => expand('%Y-%m-%d', at),
  H: at => pad(at.getHours(), 2),
  I: at => pad(at.getHours() % 12 || 12, 2),
  m: at => pad(at.getMonth() + 1, 2),
  M: at => pad(at.getMinutes(), 2),
  p: at => (at.getHours() < 12 ? 'AM' : 'PM'),
  s: at => String(Math.floor(at.getTime() / 1000)),
  S: at => pad(at.getSeconds(), 2),
  T: at => expand('%H:%M:%S', at),
  y: at => pad(at.getFullYear() % 100, 2),
  Y: at => String(at.getFullYear()),
  z: formatOffset,
  '%': () => '%',
}

/**
 * Returns a function that formats Unix times. It remembers the last second, because log lines come
 * many a second and a conversion costs more than the rest of a line.
 *
 * @throws UndercroftError `UNDERCROFT_OPTION_INVALID` for a conversion that is not supported;
 * `name` is the option.
 */
export function compileTime(format: string, name: string): (atMs: number) => string {
  for (const [conversion, letter = ''] of format.matchAll(/%(.?)/gs)) {
    if (Object.hasOwn(CONVERSIONS, letter)) continue
    const allowed = Object.keys(CONVERSIONS).map(known => `%${known}`)
    throw invalidOption(name, `a format of ${allowed.join(' ')}`, conversion)
  }
  let second = Number.NaN
  let text = ''
  return atMs => {
    const now = Math.floor(atMs / 1000)
    if (now !== second) {
      second = now
      text = expand(format, new Date(atMs))
    }
    return text
  }
}

/** The form of C's `ctime`. */
export const CTIME = '%c'

/** The form of Apache's logs. */
export const APACHE_TIME = '%d/%b/%Y:%H:%M:%S %z'

function expand(format: string, at: Date): string {
  return format.replaceAll(/%(.)/gs, (_, letter: string) => CONVERSIONS[letter]?.(at) ?? '')
}

function dayOf(at: Date): string {
  return DAYS[at.getDay()] ?? ''
}

function monthOf(at: Date): string {
  return MONTHS[at.getMonth()] ?? ''
}

function formatOffset(at: Date): string {
  const minutes = -at.getTimezoneOffset()
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60]
  return `${minutes < 0 ? '-' : '+'}${pad(hours, 2)}${pad(rest, 2)}`
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0')
}
