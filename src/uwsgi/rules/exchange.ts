/**
 * One request on its way through the rules: what they see, and what they have decided so far.
 *
 * Nothing is sent from here. The HTTP side (router.ts) carries out what stands here at the end.
 */

import type { Flow, StatusLine, StoreTurn } from './flow.ts'
import type { RouterHost } from './host.ts'
import type { MimeTypes } from './mime-types.ts'
import type { Reply } from './reply.ts'
import type { ResponseSink } from './response-sink.ts'
import type { Variables } from './variables.ts'

/** What all requests share. */
export interface World {
  readonly host: RouterHost
  readonly mimeTypes: MimeTypes
  /** Logs what may come with every request, once for each subject. */
  logOnce(subject: string, line: string): void
}

/** What a rule's regular expression found, for `$0` to `$9`; null: it has none. */
export type Groups = readonly (string | undefined)[] | null

/** A header line to add, and a name whose lines of others go. */
export interface HeaderEdits {
  readonly added: string[]
  /** In lower case. */
  readonly removed: Set<string>
}

/** A rule `cache` that had no answer, to be asked once more when somebody else has stored one. */
export interface MissedRule {
  /** Counts nothing. */
  isThere(): boolean
  /** `next`: it has none. */
  ask(): Flow
}

export class Exchange {
  readonly world: World
  readonly variables: Variables
  /** Of the rule that is being run. */
  groups: Groups = null
  /** What the rules answer with, if they do. */
  reply: Reply | undefined
  /** In a cache of this machine, in the order of the rules. */
  missed: MissedRule[] | undefined
  /** Others wait for what this request stores. */
  turn: StoreTurn | undefined
  /** Who wants the body of the application's response. */
  sinks: ResponseSink[] | undefined
  /** Of the response; before there is one what uWSGI has as well. */
  statusCode = 500
  /** The application's response, once it has begun; for the rules of the response chain. */
  response: ResponseEdits | undefined
  isLogged = true
  logVariables: Map<string, string> | undefined
  #edits: HeaderEdits | undefined
  #added: Map<string, string> | undefined

  constructor(world: World, variables: Variables) {
    this.world = world
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

  /** Takes the reply; false: there is one that counts as sent. */
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

/** What the response chain can change of a response whose header is not sent yet. */
export interface ResponseEdits {
  /** Only this status is left. */
  clear(status: StatusLine): void
}
