/**
 * Everything that the options say about routing, compiled: given a request's variables, what is to
 * be done with it. Nothing is sent here.
 */

import { interleavedOptions, type OptionSet } from '../options/index.ts'
import { toKey } from './byte-text.ts'
import { guardedCache } from './cache-name.ts'
import { Chain } from './chain.ts'
import { describeRules } from './describe-rules.ts'
import type { Exchange, World } from './exchange.ts'
import type { Later, RouterHost } from './host.ts'
import { readMimeTypes } from './mime-types.ts'
import { newReply, type Reply } from './reply.ts'
import { whenKnown } from './rule.ts'
import { type ChainName, isRuleOption, parseRules, ruleError } from './rule-text.ts'
import { type RoutingSettings, readSettings } from './settings.ts'
import { findStatic, type PathMemory } from './static-files.ts'
import { parseStoredMessage } from './stored-message.ts'

/** Answer with the exchange's reply, or with nothing if it has none; or ask the application. */
export type Decision = 'reply' | 'application'

/** Subjects that are logged once; what comes after so many is not logged at all. */
const MAX_LOGGED_SUBJECTS = 100

const PLUGINS_NOTE =
  'nothing is loaded; of plugins only 0:notfound counts, and what else is supported is built in'

const NOT_FOUND: Reply = {
  ...newReply({ statusCode: 404 }, ['Connection', 'close', 'Content-Type', 'text/plain']),
  body: [Buffer.from('Not Found')],
  isLast: true,
}

export class RuleSet {
  readonly world: World
  readonly description: readonly string[]
  readonly warnings: readonly string[]
  /** Some rule says something about logging. */
  readonly concernsLog: boolean
  readonly #settings: RoutingSettings
  readonly #chains: Readonly<Record<ChainName, Chain>>
  readonly #pathMemory: PathMemory | undefined

  /** Throws UNDERCROFT_OPTION_INVALID. */
  constructor(options: OptionSet, host: RouterHost) {
    const warnings: string[] = []
    const given = interleavedOptions(options, isRuleOption)
    const texts = parseRules(given)
    this.#settings = readSettings(options)
    const { cacheNames, mimeFiles, pathMemory, ignoredPlugins } = this.#settings
    for (const plugins of ignoredPlugins) warnings.push(ruleError(plugins, PLUGINS_NOTE).message)
    const mimeTypes = readMimeTypes(mimeFiles, path => {
      warnings.push(`!!! no ${path} file found !!!`)
    })
    this.world = { host, mimeTypes, logOnce: onceLogger(host) }
    const context = {
      world: this.world,
      cacheNames,
      warn: (text: string) => {
        warnings.push(text)
      },
    }
    this.#chains = {
      request: new Chain('request', texts.request, context),
      response: new Chain('response', texts.response, context),
      final: new Chain('final', texts.final, context),
    }
    this.#pathMemory = pathMemory && {
      cache: guardedCache(this.world, pathMemory.cacheName),
      ttlMs: pathMemory.ttlMs,
    }
    this.concernsLog = given.some(({ value }) => /\b(?:donotlog|logvar):/.test(value))
    this.description = describeRules(texts)
    this.warnings = warnings
  }

  has(chain: ChainName): boolean {
    return !this.#chains[chain].isEmpty
  }

  /** What comes before the application: stored responses, rules, files. */
  decide(exchange: Exchange): Later<Decision> {
    const stored = this.#findStored(exchange)
    if (stored === undefined) return this.#decideByRules(exchange)
    return stored.then(isFound => (isFound ? 'reply' : this.#decideByRules(exchange)))
  }

  /** For what no application is there to answer. */
  replaceApplication(exchange: Exchange): void {
    if (this.#settings.hasNotFound) exchange.placeReply(NOT_FOUND)
    else this.world.host.log('-- unavailable modifier requested: 0 --')
  }

  /** The response or final chain. Nobody waits for a cache far away there. */
  runAside(chain: ChainName, exchange: Exchange): void {
    const fail = (error: unknown) => {
      this.world.host.log(`[uwsgi-route] the ${chain} chain failed: ${error}`)
    }
    try {
      const flow = this.#chains[chain].run(exchange)
      if (flow instanceof Promise) flow.catch(fail)
    } catch (error) {
      fail(error)
    }
  }

  #decideByRules(exchange: Exchange): Later<Decision> {
    return whenKnown(this.#chains.request.run(exchange), (flow): Later<Decision> => {
      if (flow === 'break' || exchange.reply?.isBegun === true) return 'reply'
      // An answer that only has a header yet gives way to the application's.
      exchange.reply = undefined
      const { staticRoots } = this.#settings
      if (staticRoots.length === 0) return 'application'
      const found = findStatic(exchange, staticRoots, this.#pathMemory)
      return whenKnown(found, isFound => (isFound ? 'reply' : 'application'))
    })
  }

  /**
   * A complete response under the key that the web server in front names, or with `check-cache`
   * under the request's URI. Undefined: neither is asked for.
   */
  #findStored(exchange: Exchange): Promise<boolean> | undefined {
    const { checkCache, cacheNames } = this.#settings
    const places: StoredPlace[] = []
    const named = exchange.variable('UWSGI_CACHE_GET')
    if (named !== '' && cacheNames.size > 0) places.push({ cacheName: undefined, key: named })
    if (checkCache !== undefined && exchange.variable('REQUEST_METHOD') === 'GET') {
      const key = exchange.variable('REQUEST_URI')
      places.push({ cacheName: checkCache === '' ? undefined : checkCache, key })
    }
    return places.length === 0 ? undefined : this.#lookUp(exchange, places)
  }

  async #lookUp(exchange: Exchange, places: readonly StoredPlace[]): Promise<boolean> {
    for (const { cacheName, key } of places) {
      const item = await guardedCache(this.world, cacheName).item(toKey(key))
      if (item === null) continue
      const reply = parseStoredMessage(item.bytes)
      if (reply !== undefined) return exchange.placeReply(reply)
      this.world.logOnce('stored', '[uwsgi-cache] a value that is no HTTP response was not sent')
    }
    return false
  }
}

/** Where a complete response may be; without a name in the default cache. */
interface StoredPlace {
  readonly cacheName: string | undefined
  readonly key: string
}

function onceLogger(host: RouterHost): World['logOnce'] {
  const subjects = new Set<string>()
  return (subject, line) => {
    if (subjects.has(subject) || subjects.size >= MAX_LOGGED_SUBJECTS) return
    subjects.add(subject)
    host.log(line)
  }
}
