/**
 * All options about routing, compiled: given the variables of a request, the decision what to do
 * with it. Nothing is sent from here.
 */

import type { Awaitable } from '../../base/index.ts'
import {
  findLast,
  interleavedOptions,
  type OptionSet,
  parseHttpCache,
  requiredInteger,
} from '../options/index.ts'
import { Forwarder } from './backend.ts'
import { toKey } from './byte-text.ts'
import { guardedCache } from './cache-name.ts'
import { CacheUses } from './cache-uses.ts'
import { Chain } from './chain.ts'
import { type FileSettings, readFileSettings } from './file-settings.ts'
import { type MimeTypes, readMimeTypes } from './mime-types.ts'
import { newReply, type Reply } from './reply.ts'
import { whenKnown } from './rule.ts'
import type { RouterDeps, RuleContext, RuleDeps } from './rule-context.ts'
import { type ChainName, describeRules, isRuleOption, parseRules, ruleError } from './rule-text.ts'
import { type RoutingSettings, readSettings } from './settings.ts'
import { findStatic, type PathMemory } from './static-files.ts'
import { RouterLeases } from './store-lease.ts'
import { parseStoredMessage } from './stored-message.ts'

/**
 * Answer with the context's reply, or with nothing if it has none; or ask the application, or the
 * server that is the context's backend.
 */
export type Decision = 'reply' | 'application'

/** Requests of the uwsgi protocol bring variables, and UWSGI_CACHE_GET names a stored response. */
export type Protocol = 'http' | 'uwsgi'

/** Subjects that are logged once; later subjects are not logged. */
const MAX_LOGGED_SUBJECTS = 100

const PLUGINS_NOTE =
  'plugins are not loaded; only 0:notfound has an effect, and the other supported ones are built in'

const NOT_FOUND: Reply = {
  ...newReply({ statusCode: 404 }, ['Connection', 'close', 'Content-Type', 'text/plain']),
  body: [Buffer.from('Not Found')],
  isLast: true,
}

export class RuleSet {
  readonly deps: RuleDeps
  readonly description: readonly string[]
  readonly warnings: readonly string[]
  /** For requests that the action `http` gives another server. */
  readonly forwarder: Forwarder
  /** At least one rule uses `donotlog` or `logvar`. */
  readonly concernsLog: boolean
  readonly #settings: RoutingSettings
  readonly #chains: Readonly<Record<ChainName, Chain>>
  readonly #pathMemory: PathMemory | undefined

  /** @throws UndercroftError `UNDERCROFT_OPTION_INVALID` */
  constructor(options: OptionSet, given: RouterDeps) {
    const warnings: string[] = []
    const rules = interleavedOptions(options, isRuleOption)
    const texts = parseRules(rules)
    this.#settings = readSettings(options)
    const { cacheNames, mimeFiles, pathMemory, ignoredPlugins, servesDotfiles } = this.#settings
    for (const plugins of ignoredPlugins) warnings.push(ruleError(plugins, PLUGINS_NOTE).message)
    const mimeTypes = readMimeTypes(mimeFiles, path => {
      warnings.push(`!!! no ${path} file found !!!`)
    })
    this.deps = ruleDeps(given, mimeTypes, readFileSettings(options))
    const cacheUses = new CacheUses(cacheNames)
    const scope = {
      deps: this.deps,
      cacheNames,
      cacheUses,
      servesDotfiles,
      warn: (text: string) => {
        warnings.push(text)
      },
    }
    this.#chains = {
      request: new Chain('request', texts.request, scope),
      error: new Chain('error', texts.error, scope),
      response: new Chain('response', texts.response, scope),
      final: new Chain('final', texts.final, scope),
    }
    this.forwarder = new Forwarder(requiredInteger(options, 'socket-timeout') * 1000)
    this.#pathMemory = pathMemory && {
      cache: guardedCache(this.deps, pathMemory.cacheName),
      ttlMs: pathMemory.ttlMs,
    }
    warnings.push(...warningsOfUses(options, cacheUses))
    this.concernsLog = rules.some(({ value }) => /\b(?:donotlog|logvar):/.test(value))
    this.description = describeRules(texts)
    this.warnings = warnings
  }

  /** Names and values, alternately, that every response gets. */
  get addedHeaders(): readonly string[] {
    return this.#settings.addedHeaders
  }

  has(chain: ChainName): boolean {
    return !this.#chains[chain].isEmpty
  }

  /** Whether the options say anything about requests of this protocol. */
  concerns(protocol: Protocol): boolean {
    const { checkCache, staticRoots, cacheNames, addedHeaders } = this.#settings
    if (addedHeaders.length > 0) return true
    if (Object.values(this.#chains).some(chain => !chain.isEmpty)) return true
    if (checkCache !== undefined || staticRoots.length > 0) return true
    return protocol === 'uwsgi' && cacheNames.size > 0
  }

  /** Decides what happens before the application: stored responses, rules, files. */
  decide(context: RuleContext): Awaitable<Decision> {
    const stored = this.#findStored(context)
    if (stored === undefined) return this.#decideByRules(context)
    return stored.then(isFound => (isFound ? 'reply' : this.#decideByRules(context)))
  }

  /** Decides the reply to a request that only an application could answer, when there is none. */
  replaceApplication(context: RuleContext): void {
    if (this.#settings.hasNotFound) context.placeReply(NOT_FOUND)
    else this.deps.log('-- unavailable modifier requested: 0 --')
  }

  /**
   * Runs the error chain for a status that is about to be sent, without waiting for remote caches.
   *
   * @returns whether the context's reply, or nothing, is sent instead
   */
  replacesResponse(context: RuleContext): boolean {
    const { reply, statusCode } = context
    context.reply = undefined
    if (this.runAside('error', context) === 'break') return true
    Object.assign(context, { reply, statusCode })
    return false
  }

  /** Runs the error, response or final chain, without waiting for remote caches. */
  runAside(chain: ChainName, context: RuleContext): 'continue' | 'break' {
    const fail = (error: unknown) => {
      this.deps.log(`[uwsgi-route] the ${chain} chain failed: ${error}`)
    }
    try {
      const result = this.#chains[chain].run(context)
      if (!(result instanceof Promise)) return result
      result.catch(fail)
    } catch (error) {
      fail(error)
    }
    return 'continue'
  }

  #decideByRules(context: RuleContext): Awaitable<Decision> {
    return whenKnown(this.#chains.request.run(context), (result): Awaitable<Decision> => {
      if (context.backend !== undefined) return 'application'
      if (result === 'break' || context.reply?.isBegun === true) return 'reply'
      // A reply that only has a header so far gives way to the application's response.
      context.reply = undefined
      const { staticRoots } = this.#settings
      if (staticRoots.length === 0) return 'application'
      const found = findStatic(context, staticRoots, this.#pathMemory)
      return whenKnown(found, isFound => (isFound ? 'reply' : 'application'))
    })
  }

  /**
   * Looks for a complete response under the key that the web server in front names, or with
   * `check-cache` under the request's URI.
   *
   * @returns undefined if neither is asked for
   */
  #findStored(context: RuleContext): Promise<boolean> | undefined {
    const { checkCache, cacheNames } = this.#settings
    if (cacheNames.size === 0) return undefined
    const named = context.variable('UWSGI_CACHE_GET')
    const isChecked = checkCache !== undefined && context.variable('REQUEST_METHOD') === 'GET'
    if (named === '' && !isChecked) return undefined
    const places: StoredPlace[] = []
    if (named !== '') places.push({ cacheName: undefined, key: named })
    if (isChecked) {
      const key = context.variable('REQUEST_URI')
      places.push({ cacheName: checkCache === '' ? undefined : checkCache, key })
    }
    return this.#lookUp(context, places)
  }

  async #lookUp(context: RuleContext, places: readonly StoredPlace[]): Promise<boolean> {
    for (const { cacheName, key } of places) {
      const item = await guardedCache(this.deps, cacheName).item(toKey(key))
      if (item === null) continue
      const reply = parseStoredMessage(item.bytes)
      if (reply !== undefined) return context.placeReply(reply)
      const line = '[uwsgi-cache] a value that is not an HTTP response was not sent'
      this.deps.logOnce('stored', line)
    }
    return false
  }
}

/** Where a complete response may be; without a name in the default cache. */
interface StoredPlace {
  readonly cacheName: string | undefined
  readonly key: string
}

/** Options that make a cache hold complete responses. */
const RESPONSE_OPTIONS = ['check-cache', 'http-cache'] as const

/** A body in such a cache could be taken for a response, and a response for a body. */
function warningsOfUses(options: OptionSet, uses: CacheUses): string[] {
  return RESPONSE_OPTIONS.flatMap(name => {
    const given = findLast(options, name)
    if (given === undefined) return []
    const cacheName = name === 'http-cache' ? parseHttpCache(given).cache : given.value
    if (!uses.storesIn(cacheName)) return []
    const reason =
      'this cache holds complete responses, and cachestore stores bodies in it; ' +
      'use a cache of its own for each'
    return [ruleError(given, reason).message]
  })
}

function ruleDeps(given: RouterDeps, mimeTypes: MimeTypes, files: FileSettings): RuleDeps {
  const { clock, workerId, pid } = given
  const logOnce = onceLogger(given)
  return {
    clock,
    workerId,
    pid,
    findCache: identifier => given.findCache(identifier),
    log: line => given.log(line),
    mimeTypes,
    files,
    logOnce,
    leases: new RouterLeases({ clock, logOnce }),
  }
}

function onceLogger(given: RouterDeps): RuleDeps['logOnce'] {
  const subjects = new Set<string>()
  return (subject, line) => {
    if (subjects.has(subject) || subjects.size >= MAX_LOGGED_SUBJECTS) return
    subjects.add(subject)
    given.log(line)
  }
}
