/**
 * One request on its way through the rules: what the rules see, and what they have decided so far.
 *
 * Nothing is sent from here. The HTTP side (router.ts) carries out the decision at the end.
 */

import type {
  Awaitable,
  CacheKey,
  CacheLike,
  Clock,
  CounterOperation,
  StoredItem,
} from '../../base/index.ts'
import type { MimeTypes } from './mime-types.ts'
import type { Reply, StatusLine } from './reply.ts'
import type { ResponseSink } from './response-sink.ts'
import type { Variables } from './variables.ts'

/**
 * A cache as rules use it. Null means "no" for any reason. Local caches answer synchronously.
 *
 * It is the part that rules need of `UwsgiCache` (uwsgi/api), whose results are uWSGI's and not
 * those of an `AnyCache`. It is declared here, because rules do not know the caches of a process.
 */
export interface RouteCache {
  /** The cache that holds the leases of `lock`; undefined: the cache is not on this machine. */
  readonly cache?: CacheLike | undefined
  /** Largest value that the cache takes, in bytes. */
  readonly maxValueSize: number
  item(key: CacheKey): Awaitable<StoredItem | null>
  /** Does not count a hit or a miss. */
  exists(key: CacheKey): Awaitable<true | null>
  store(key: CacheKey, request: StoreRequest): Awaitable<true | null>
  /** `ttlMs` applies only to a counter that this call creates. */
  count(
    key: CacheKey,
    operation: CounterOperation,
    by: bigint,
    ttlMs: number,
  ): Awaitable<true | null>
}

export interface StoreRequest {
  readonly value: string | Uint8Array
  readonly mode: 'add' | 'set'
  readonly ttlMs: number
}

/** What the process supplies to a router. */
export interface RouterDeps {
  readonly clock: Clock
  /** The number of this worker, from 1. */
  readonly workerId: number
  readonly pid: number
  /**
   * Finds a cache by its name or `name@address`; undefined means the default cache. A cache that
   * does not exist answers null to every call, or is undefined.
   */
  findCache(identifier: string | undefined): RouteCache | undefined
  /** Writes one line to the server's log. */
  log(line: string): void
}

/** What all requests of one router share. */
export interface RuleDeps extends RouterDeps {
  readonly mimeTypes: MimeTypes
  /** Logs a line that could repeat with every request, once for each subject. */
  logOnce(subject: string, line: string): void
  /** Waits for a lease of `cachestore` with `lock`; see store-lease.ts. */
  readonly leases: StoreLeases
}

/**
 * What follows an action: the next rule, the application, an end with the response so far, or the
 * rule of that number.
 */
export type ActionResult = 'next' | 'continue' | 'break' | number

/** The right to ask the application for what the rule stores, while other requests wait. */
export interface StoreLease {
  /**
   * Lets the waiting requests continue. With `isStorable` false they do not wait the next time.
   * Only the first call counts.
   */
  end(isStorable: boolean): void
}

/** The leases of all caches that one router uses. */
export interface StoreLeases {
  /**
   * Acquires the lease, or waits for the request that holds it.
   *
   * @returns an action result if the request is answered. Undefined if it is to ask the
   * application; `context.lease` is set if other requests wait for it.
   */
  acquireOrWait(
    context: RuleContext,
    cache: RouteCache,
    key: CacheKey,
  ): Promise<ActionResult | undefined> | undefined
}

/** What a rule's regular expression found, for `$0` to `$9`; null: the rule has none. */
export type Groups = readonly (string | undefined)[] | null

/** Header lines to add, and names whose lines from other sources are removed. */
export interface HeaderEdits {
  /** Names and values, alternately. */
  readonly added: string[]
  /** In lower case. */
  readonly removed: Set<string>
}

/** A rule `cache` without an answer, to be asked again when another request has stored one. */
export interface MissedRule {
  /** Does not count a hit or a miss. */
  isThere(): boolean
  /** `next`: the cache still has no answer. */
  ask(): ActionResult
}

/** What the response chain can change in a response whose header has not been sent. */
export interface ResponseEdits {
  /** Removes everything but this status. */
  clear(status: StatusLine): void
}

export class RuleContext {
  readonly deps: RuleDeps
  readonly variables: Variables
  /** Groups of the rule that is being run. */
  groups: Groups = null
  /** What the rules answer with, if they answer. */
  reply: Reply | undefined
  /** Rules that missed in a cache of this machine, in the order of the configuration. */
  missed: MissedRule[] | undefined
  /** Held while other requests wait for what this request stores. */
  lease: StoreLease | undefined
  /** Receivers of the body of the application's response. */
  sinks: ResponseSink[] | undefined
  /** The status of the response; before there is one, 500 as in uWSGI. */
  statusCode = 500
  /** The application's response, once its header is complete; for rules of the response chain. */
  response: ResponseEdits | undefined
  isLogged = true
  logVariables: Map<string, string> | undefined
  #edits: HeaderEdits | undefined
  #added: Map<string, string> | undefined

  constructor(deps: RuleDeps, variables: Variables) {
    this.deps = deps
    this.variables = variables
  }

  variable(name: string): string {
    return this.#added?.get(name) ?? this.variables.get(name)
  }

  setVariable(name: string, value: string): void {
    this.#added ??= new Map()
    this.#added.set(name, value)
  }

  /** Variables that rules have set, for the application. */
  get added(): ReadonlyMap<string, string> | undefined {
    return this.#added
  }

  get edits(): HeaderEdits {
    this.#edits ??= { added: [], removed: new Set() }
    return this.#edits
  }

  /** Undefined: no rule changes headers. */
  get editsIfAny(): HeaderEdits | undefined {
    return this.#edits
  }

  /** @returns false if there already is a reply that counts as sent */
  placeReply(reply: Reply): boolean {
    if (this.reply?.isBegun === true) return false
    this.reply = reply
    return true
  }

  addSink(sink: ResponseSink): void {
    this.sinks ??= []
    this.sinks.push(sink)
  }
}
