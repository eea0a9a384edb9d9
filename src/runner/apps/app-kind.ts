/**
 * Recognizing the kind of app that a module exports.
 */

import { type RequestListener, Server } from 'node:http'
import { describe } from '../../base/index.ts'
import type { App, FetchHandler } from './app-listener.ts'

/** @returns undefined if the value is not an app */
export function appOf(exported: unknown): App | undefined {
  if (exported instanceof Server) return { kind: 'server', server: exported }
  if (hasFetch(exported)) {
    return { kind: 'fetch', handler: (request, bindings) => exported.fetch(request, bindings) }
  }
  if (typeof exported !== 'function' || isClass(exported)) return undefined
  // Only the number of parameters distinguishes the two kinds of functions.
  return exported.length < 2
    ? { kind: 'fetch', handler: exported as FetchHandler }
    : { kind: 'listener', listener: exported as RequestListener }
}

/** The allowed kinds, for messages about an export that is not an app. */
export const ALLOWED_APPS =
  'an app is a Fetch handler (a function of one parameter, or an object with fetch), ' +
  'a Node listener (a function of request and response), or an http.Server'

/** Describes an export that is not an app, with what to do about it where that is known. */
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

/** Lists names for messages, and shortens a long list. */
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
