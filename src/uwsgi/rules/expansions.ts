/**
 * What stands between `${` and `}`: a variable of the request, or a function of one.
 *
 * uWSGI 2.0.21, core/routing.c, uwsgi_register_embedded_routers, has the functions.
 */

import { randomUUID } from 'node:crypto'
import type { Exchange } from './exchange.ts'
import { findPair } from './pairs.ts'

/** Makes its part of a template; one character a byte. */
export type Expansion = (exchange: Exchange) => string

/** `name[argument]`, by name. */
const FUNCTIONS: Readonly<Record<string, (argument: string, exchange: Exchange) => string>> = {
  cookie: (name, exchange) => findPair(exchange.variable('HTTP_COOKIE'), ';', name),
  qs: (name, exchange) => findPair(exchange.variable('QUERY_STRING'), '&', name),
  hex: (name, exchange) => bytesOf(exchange.variable(name)).toString('hex').toUpperCase(),
  base64: (name, exchange) => bytesOf(exchange.variable(name)).toString('base64'),
  // Of ASCII letters only: these are bytes.
  upper: (name, exchange) => exchange.variable(name).replace(/[a-z]+/g, low => low.toUpperCase()),
  lower: (name, exchange) => exchange.variable(name).replace(/[A-Z]+/g, high => high.toLowerCase()),
  mime: (name, exchange) => exchange.world.mimeTypes.find(exchange.variable(name)) ?? '',
  time: (unit, { world }) => timeNow(unit, world.host.clock.nowMs()),
  httptime: (seconds, { world }) => httpDate(world.host.clock.nowMs() + leadingSecondsMs(seconds)),
  uwsgi: (what, exchange) => processFact(what, exchange),
}

/**
 * A name as parts, of which some may depend on the request. Which function it is never does: that
 * is what the rule says before the first bracket.
 */
export function compileVariable(name: readonly (string | Expansion)[]): Expansion {
  const first = name[0] ?? ''
  const last = name.at(-1) ?? ''
  const [kind, bracket] = typeof first === 'string' ? splitAtBracket(first) : ['', -1]
  const run = Object.hasOwn(FUNCTIONS, kind) ? FUNCTIONS[kind] : undefined
  if (run === undefined || typeof last !== 'string' || !last.endsWith(']')) {
    return compileName(name, (text, exchange) => exchange.variable(text))
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
  use: (text: string, exchange: Exchange) => string,
): Expansion {
  if (parts.every(part => typeof part === 'string')) {
    const fixed = parts.join('')
    return exchange => use(fixed, exchange)
  }
  return exchange => {
    const texts = parts.map(part => (typeof part === 'string' ? part : part(exchange)))
    return use(texts.join(''), exchange)
  }
}

/** RFC 9110 section 5.6.7, which has four digits for the year. */
export function httpDate(atMs: number): string {
  return new Date(Math.min(atMs, LAST_DATE_MS)).toUTCString()
}

const LAST_DATE_MS = Date.UTC(9999, 11, 31, 23, 59, 59)

function leadingSecondsMs(text: string): number {
  return Number(/^\d+/.exec(text)?.[0] ?? '0') * 1000
}

function timeNow(unit: string, nowMs: number): string {
  if (unit === 'unix') return String(Math.floor(nowMs / 1000))
  return unit === 'micros' ? String(Math.floor(nowMs) * 1000) : ''
}

function processFact(what: string, { world, statusCode }: Exchange): string {
  switch (what) {
    case 'wid':
      return String(world.host.workerId)
    case 'pid':
      return String(world.host.pid)
    case 'uuid':
      return randomUUID()
    case 'status':
      return String(statusCode)
    default:
      return ''
  }
}

function bytesOf(byteText: string): Buffer {
  return Buffer.from(byteText, 'latin1')
}
