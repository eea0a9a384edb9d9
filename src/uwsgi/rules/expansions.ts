/**
 * The contents of `${...}`: a variable of the request, or a function of one.
 *
 * The functions are those of uWSGI 2.0.21, core/routing.c, uwsgi_register_embedded_routers.
 */

import { randomUUID } from 'node:crypto'
import { formatHttpDate } from '../../http-message/index.ts'
import { toBytes } from './byte-text.ts'
import type { RuleContext } from './rule-context.ts'

/** Computes one part of a template, with one character for each byte. */
export type Expansion = (context: RuleContext) => string

/** `name[argument]`, by name. */
const FUNCTIONS: Readonly<Record<string, (argument: string, context: RuleContext) => string>> = {
  cookie: (name, context) => findPair(context.variable('HTTP_COOKIE'), ';', name),
  qs: (name, context) => findPair(context.variable('QUERY_STRING'), '&', name),
  hex: (name, context) => toBytes(context.variable(name)).toString('hex').toUpperCase(),
  base64: (name, context) => toBytes(context.variable(name)).toString('base64'),
  // Only ASCII letters change, because these are bytes.
  upper: (name, context) => context.variable(name).replace(/[a-z]+/g, low => low.toUpperCase()),
  lower: (name, context) => context.variable(name).replace(/[A-Z]+/g, high => high.toLowerCase()),
  mime: (name, context) => context.deps.mimeTypes.find(context.variable(name)) ?? '',
  time: (unit, { deps }) => timeNow(unit, deps.clock.nowMs()),
  httptime: (seconds, { deps }) => formatHttpDate(deps.clock.nowMs() + leadingSecondsMs(seconds)),
  uwsgi: (what, context) => processFact(what, context),
}

/**
 * Compiles a name given as parts, which may depend on the request. The function never does: its
 * name is what the rule says before the first bracket.
 */
export function compileVariable(name: readonly (string | Expansion)[]): Expansion {
  const first = name[0] ?? ''
  const last = name.at(-1) ?? ''
  const [kind, bracket] = typeof first === 'string' ? splitAtBracket(first) : ['', -1]
  const run = Object.hasOwn(FUNCTIONS, kind) ? FUNCTIONS[kind] : undefined
  if (run === undefined || typeof last !== 'string' || !last.endsWith(']')) {
    return compileName(name, (text, context) => context.variable(text))
  }
  const inner = name.map((part, index) => {
    if (typeof part !== 'string') return part
    const start = index === 0 ? bracket + 1 : 0
    return part.slice(start, index === name.length - 1 ? -1 : undefined)
  })
  return compileName(inner, run)
}

function splitAtBracket(text: string): [kind: string, bracket: number] {
  const bracket = text.indexOf('[')
  return [text.slice(0, Math.max(0, bracket)), bracket]
}

function compileName(
  parts: readonly (string | Expansion)[],
  use: (text: string, context: RuleContext) => string,
): Expansion {
  if (parts.every(part => typeof part === 'string')) {
    const fixed = parts.join('')
    return context => use(fixed, context)
  }
  return context => {
    const texts = parts.map(part => (typeof part === 'string' ? part : part(context)))
    return use(texts.join(''), context)
  }
}

function leadingSecondsMs(text: string): number {
  return Number(/^\d+/.exec(text)?.[0] ?? '0') * 1000
}

function timeNow(unit: string, nowMs: number): string {
  if (unit === 'unix') return String(Math.floor(nowMs / 1000))
  return unit === 'micros' ? String(Math.floor(nowMs) * 1000) : ''
}

function processFact(what: string, { deps, statusCode }: RuleContext): string {
  switch (what) {
    case 'wid':
      return String(deps.workerId)
    case 'pid':
      return String(deps.pid)
    case 'uuid':
      return randomUUID()
    case 'status':
      return String(statusCode)
    default:
      return ''
  }
}

/**
 * Finds one value in a Cookie header or a query string, not decoded.
 *
 * uWSGI 2.0.21, core/cookie.c and core/querystring.c: split at the separator, then at the first
 * `=`. An empty value counts as missing, and the search continues with the next pair.
 */
function findPair(text: string, separator: ';' | '&', name: string): string {
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

/** Removes blanks at both ends. `trim` would also remove bytes of UTF-8 characters. */
function trimSlice(text: string, start: number, end: number): string {
  let first = start
  let last = end
  while (first < last && isBlank(text.charCodeAt(first))) first++
  while (last > first && isBlank(text.charCodeAt(last - 1))) last--
  return text.slice(first, last)
}

/** The blanks of C's `isspace`. */
function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}
