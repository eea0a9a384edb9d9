/**
 * The options besides the rules: caches, types, directories of files.
 */

import { isHeaderName, isHeaderValue } from '../../http-message/index.ts'
import {
  findLast,
  flagOption,
  type GivenOption,
  integerOption,
  listOption,
  type OptionSet,
  resolveCaches,
} from '../options/index.ts'
import { toByteText } from './byte-text.ts'
import { SYSTEM_MIME_FILE } from './mime-types.ts'
import { ruleError } from './rule-text.ts'
import { StaticRoot } from './static-files.ts'

export interface RoutingSettings {
  /** Names of the caches that the options make. */
  readonly cacheNames: ReadonlySet<string>
  /** Files with types, in the order of the configuration. */
  readonly mimeFiles: readonly string[]
  /** The cache with complete responses; an empty name is the default cache. */
  readonly checkCache: string | undefined
  readonly staticRoots: readonly StaticRoot[]
  /** Files that begin with a dot are served. */
  readonly servesDotfiles: boolean
  readonly pathMemory:
    | { readonly cacheName: string | undefined; readonly ttlMs: number }
    | undefined
  /** Names and values, alternately, that every response gets. */
  readonly addedHeaders: readonly string[]
  /** Requests without an answer get a 404. */
  readonly hasNotFound: boolean
  /** Plugins that uWSGI would load, and that are ignored here. */
  readonly ignoredPlugins: readonly GivenOption[]
}

/** @throws UndercroftError `UNDERCROFT_OPTION_INVALID` */
export function readSettings(options: OptionSet): RoutingSettings {
  const cacheNames = new Set(resolveCaches(options).caches.map(cache => cache.name))
  const servesDotfiles = flagOption(options, 'static-dotfiles')
  const staticRoots = [
    ...listOption(options, 'check-static').map(
      given => new StaticRoot('', toByteText(given.value), servesDotfiles),
    ),
    ...listOption(options, 'static-map').map(given => parseStaticMap(given, servesDotfiles)),
  ]
  const pathMemory = readPathMemory(options, cacheNames)
  const plugins = listOption(options, 'plugins')
  const mimeFiles = listOption(options, 'mime-file').map(given => given.value)
  const ofTypes = ['static-expires-type', 'static-expires-type-mtime']
  const needsTypes =
    staticRoots.length > 0 ||
    pathMemory !== undefined ||
    ofTypes.some(name => listOption(options, name).length > 0)
  return {
    cacheNames,
    mimeFiles: mimeFiles.length === 0 && needsTypes ? [SYSTEM_MIME_FILE] : mimeFiles,
    checkCache: readCheckCache(options, cacheNames),
    staticRoots,
    servesDotfiles,
    pathMemory,
    addedHeaders: listOption(options, 'add-header').flatMap(parseHeader),
    hasNotFound: plugins.some(given => pluginsOf(given).some(isNotFound)),
    ignoredPlugins: plugins.filter(given => !pluginsOf(given).every(isNotFound)),
  }
}

/** `check-cache` without a value is the default cache, which uWSGI always uses (F39). */
function readCheckCache(options: OptionSet, names: ReadonlySet<string>): string | undefined {
  const given = findLast(options, 'check-cache')
  if (given === undefined) return undefined
  const isKnown = given.value === '' ? names.size > 0 : names.has(given.value)
  if (!isKnown) throw ruleError(given, `unable to find cache "${given.value}"`)
  return given.value
}

function readPathMemory(
  options: OptionSet,
  names: ReadonlySet<string>,
): RoutingSettings['pathMemory'] {
  const given = findLast(options, 'static-cache-paths')
  const seconds = integerOption(options, 'static-cache-paths') ?? 0
  if (given === undefined || seconds === 0) return undefined
  if (names.size === 0) {
    throw ruleError(given, 'caching of static paths requires uWSGI caching !!!')
  }
  const named = findLast(options, 'static-cache-paths-name')
  if (named !== undefined && !names.has(named.value)) {
    throw ruleError(named, `unable to find cache "${named.value}"`)
  }
  return { cacheName: named?.value, ttlMs: seconds * 1000 }
}

function parseStaticMap(given: GivenOption, servesDotfiles: boolean): StaticRoot {
  const equals = given.value.indexOf('=')
  if (equals < 0) {
    const reason = 'invalid document root in static map, syntax mountpoint=docroot'
    throw ruleError(given, reason)
  }
  const mount = toByteText(given.value.slice(0, equals))
  return new StaticRoot(mount, toByteText(given.value.slice(equals + 1)), servesDotfiles)
}

/** Parses `Name: value`. */
function parseHeader(given: GivenOption): string[] {
  const [, name = '', value = ''] = /^([^:]*): ?(.*)$/s.exec(toByteText(given.value)) ?? []
  if (isHeaderName(name) && isHeaderValue(value)) return [name, value]
  throw ruleError(given, `must be "Name: value"; got "${given.value}"`)
}

/** Splits a list such as `plugins = router_cache,0:notfound`. */
function pluginsOf({ value }: GivenOption): string[] {
  return value.split(',').map(name => name.trim())
}

function isNotFound(plugin: string): boolean {
  return plugin === '0:notfound' || plugin === 'notfound'
}
