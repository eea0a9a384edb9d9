/**
 * What a module exported: which of the kinds of apps it is, if any.
 */

import { type RequestListener, Server } from 'node:http'
import { describe } from '../../base/index.ts'
import type { FetchHandler } from './fetch-listener.ts'

export type App =
  | { readonly kind: 'fetch'; readonly handler: FetchHandler }
  | { readonly kind: 'listener'; readonly listener: RequestListener }
  | { readonly kind: 'server'; readonly server: Server }

/** Undefined: it is no app. */
export function appOf(exported: unknown): App | undefined {
  if (exported instanceof Server) return { kind: 'server', server: exported }
  if (hasFetch(exported)) {
    return { kind: 'fetch', handler: (request, bindings) => exported.fetch(request, bindings) }
  }
  if (typeof exported !== 'function' || isClass(exported)) return undefined
  // The number of parameters is all that tells the two kinds of functions apart.
  return exported.length < 2
    ? { kind: 'fetch', handler: exported as FetchHandler }
    : { kind: 'listener', listener: exported as RequestListener }
}

/** Said where an export is none of them. */
export const ALLOWED_APPS =
  'an app is a Fetch handler (a function of one parameter, or an object with fetch), ' +
  'a Node listener (a function of request and response), or an http.Server'

/** What came instead of an app, and what to do about it where that is known. */
export function describeNoApp(exported: unknown): string {
  if (typeof exported === 'function') return 'a class'
  if (typeof exported !== 'object' || exported === null) return describe(exported)
  if ('callback' in exported && 'middleware' in exported) {
    return 'an object of Koa (export app.callback() instead)'
  }
  if ('routing' in exported && 'server' in exported) {
    return 'an object of Fastify (export app.server instead, after await app.ready())'
  }
  return `an object with ${listNames(exported)}`
}

/** For messages: not all of a long list. */
export function listNames(object: object): string {
  const names = Object.keys(object)
  if (names.length === 0) return 'nothing'
  const shown = names.slice(0, MAX_NAMES)
  return names.length > MAX_NAMES ? `${shown.join(', ')}, ...` : shown.join(', ')
}

const MAX_NAMES = 8

function hasFetch(value: unknown): value is { fetch: FetchHandler } {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  return 'fetch' in value && typeof value.fetch === 'function'
}

function isClass(value: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value))
}
