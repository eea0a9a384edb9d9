/**
 * Dates in header fields, RFC 9110 section 5.6.7. One form is written, and two older ones are read
 * as well.
 *
 * `Date.parse` accepts much more: it would find a date in an Expires that does not have one.
 */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

const TIME = '(\\d\\d):(\\d\\d):(\\d\\d)'
const IMF_FIXDATE = new RegExp(`^[a-z]{3}, (\\d\\d) ([a-z]{3}) (\\d{4}) ${TIME} gmt$`, 'i')
const RFC_850 = new RegExp(`^[a-z]{6,9}, (\\d\\d)-([a-z]{3})-(\\d\\d) ${TIME} gmt$`, 'i')
const ASCTIME = new RegExp(`^[a-z]{3} ([a-z]{3}) ([ \\d]\\d) ${TIME} (\\d{4})$`, 'i')

/** How far ahead a year of two digits may lie. */
const MAX_YEARS_AHEAD = 50

/**
 * Parses a date in any of the three forms.
 *
 * @param nowMs - decides which century a year of two digits belongs to
 * @returns Unix milliseconds, or NaN if the string is not a date
 */
export function parseHttpDate(text: string, nowMs: number): number {
  const trimmed = text.trim()
  const fixed = IMF_FIXDATE.exec(trimmed)
  if (fixed !== null) {
    const [, day = '', month = '', year = '', ...time] = fixed
    return momentOf(Number(year), month, day, time)
  }
  const old = RFC_850.exec(trimmed)
  if (old !== null) {
    const [, day = '', month = '', year = '', ...time] = old
    return momentOf(fullYear(Number(year), nowMs), month, day, time)
  }
  const [, month = '', day = '', hours = '', minutes = '', seconds = '', year = ''] =
    ASCTIME.exec(trimmed) ?? []
  return momentOf(Number(year), month, day, [hours, minutes, seconds])
}

/** The form that is written has four digits for the year, so later moments become this one. */
const LAST_DATE_MS = Date.UTC(9999, 11, 31, 23, 59, 59)

export function formatHttpDate(atMs: number): string {
  return new Date(Math.min(atMs, LAST_DATE_MS)).toUTCString()
}

function fullYear(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear()
  const year = thisYear - (thisYear % 100) + twoDigits
  return year > thisYear + MAX_YEARS_AHEAD ? year - 100 : year
}

/** NaN for a day or an hour that does not exist. */
function momentOf(year: number, month: string, day: string, time: readonly string[]): number {
  const monthIndex = MONTHS.indexOf(month.toLowerCase())
  const [hours = 0, minutes = 0, seconds = 0] = time.map(Number)
  if (monthIndex < 0 || hours > 23 || minutes > 59 || seconds > 60) return Number.NaN
  const atMs = Date.UTC(year, monthIndex, Number(day), hours, minutes, Math.min(seconds, 59))
  return new Date(atMs).getUTCMonth() === monthIndex ? atMs : Number.NaN
}
