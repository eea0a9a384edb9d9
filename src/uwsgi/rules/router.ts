/**
 * Rules around an application: where requests come in and decisions are carried out.
 */

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { REQUEST_VARIABLES, type WithRequestVariables } from '../../http-message/index.ts'
import type { OptionSet } from '../options/index.ts'
import { Exchange } from './exchange.ts'
import type { StoreTurn } from './flow.ts'
import type { RouterHost } from './host.ts'
import { tapResponse } from './response-tap.ts'
import { type Decision, RuleSet } from './rule-set.ts'
import { sendNothing, sendReply } from './send-reply.ts'
import { givenVariables, HttpVariables, headerName, type Variables } from './variables.ts'

/** What rules said about logging a request. */
export interface RequestLogFacts {
  /** False: `donotlog:`. */
  readonly isLogged: boolean
  /** Of `logvar:`. */
  readonly variables: ReadonlyMap<string, string>
}

/** Rules, ready to answer. */
export interface Router {
  /** The tables of rules as uWSGI prints them at start, line by line; empty without rules. */
  readonly description: readonly string[]
  /** What is probably a mistake, one sentence each, with where it is about. */
  readonly warnings: readonly string[]
  /**
   * A listener for `http.createServer` that asks the rules, and the application for what they do
   * not answer. Without an application there is nobody else to ask.
   */
  wrap(application?: RequestListener): RequestListener
  logFacts(request: IncomingMessage): RequestLogFacts
}

/**
 * Compiles the rules among the options, and what belongs to them.
 *
 * @throws UndercroftError `UNDERCROFT_OPTION_INVALID`, which names the rule, its file and its line.
 */
export function createRouter(options: OptionSet, host: RouterHost): Router {
  return new HttpRouter(new RuleSet(options, host))
}

const NO_LOG_FACTS: RequestLogFacts = { isLogged: true, variables: new Map() }

class HttpRouter implements Router {
  readonly #rules: RuleSet
  readonly #hasResponseRules: boolean
  readonly #hasFinalRules: boolean
  readonly #logged = new WeakMap<IncomingMessage, Exchange>()

  constructor(rules: RuleSet) {
    this.#rules = rules
    this.#hasResponseRules = rules.has('response')
    this.#hasFinalRules = rules.has('final')
  }

  get description(): readonly string[] {
    return this.#rules.description
  }

  get warnings(): readonly string[] {
    return this.#rules.warnings
  }

  wrap(application?: RequestListener): RequestListener {
    return (request, response) => {
      const exchange = new Exchange(this.#rules.world, variablesOf(request))
      if (this.#rules.concernsLog) this.#logged.set(request, exchange)
      if (this.#hasFinalRules) this.#runAtEnd(exchange, response)
      const decision = this.#decide(exchange)
      const carryOut = (known: Decision) => {
        if (exchange.turn !== undefined) endWith(response, exchange.turn)
        if (known === 'reply') this.#reply(exchange, response)
        else this.#ask(application, exchange, request, response)
      }
      if (!(decision instanceof Promise)) carryOut(decision)
      // What the application throws is no rejection of ours.
      else void decision.then(known => process.nextTick(carryOut, known))
    }
  }

  logFacts(request: IncomingMessage): RequestLogFacts {
    const exchange = this.#logged.get(request)
    if (exchange === undefined) return NO_LOG_FACTS
    const { isLogged, logVariables = NO_LOG_FACTS.variables } = exchange
    return { isLogged, variables: logVariables }
  }

  /** An error in a rule ends the request, as in uWSGI, and not the process. */
  #decide(exchange: Exchange): Decision | Promise<Decision> {
    const fail = (error: unknown): Decision => {
      this.#rules.world.host.log(`[uwsgi-route] a rule failed: ${error}`)
      return 'reply'
    }
    try {
      const decision = this.#rules.decide(exchange)
      return decision instanceof Promise ? decision.catch(fail) : decision
    } catch (error) {
      return fail(error)
    }
  }

  #reply(exchange: Exchange, response: ServerResponse): void {
    if (exchange.reply === undefined) {
      sendNothing(response)
      return
    }
    if (this.#hasResponseRules) this.#runOverReply(exchange)
    sendReply(response, exchange.reply, exchange.editsIfAny)
  }

  #ask(
    application: RequestListener | undefined,
    exchange: Exchange,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    if (application === undefined) {
      this.#rules.replaceApplication(exchange)
      this.#reply(exchange, response)
      return
    }
    passVariables(exchange, request)
    const runRules = this.#hasResponseRules
      ? () => this.#rules.runAside('response', exchange)
      : undefined
    const { sinks, editsIfAny } = exchange
    if (runRules !== undefined || sinks !== undefined || editsIfAny !== undefined) {
      tapResponse(response, exchange, runRules)
    }
    application(request, response)
  }

  /** Rules of the response chain also see what rules answer; but nothing is stored twice. */
  #runOverReply(exchange: Exchange): void {
    const { reply } = exchange
    if (reply === undefined) return
    exchange.statusCode = reply.statusCode
    exchange.response = {
      clear: status => {
        exchange.reply = { ...reply, ...status, headers: [], hasLength: false }
      },
    }
    this.#rules.runAside('response', exchange)
  }

  #runAtEnd(exchange: Exchange, response: ServerResponse): void {
    response.once('close', () => {
      exchange.statusCode = response.headersSent ? response.statusCode : exchange.statusCode
      this.#rules.runAside('final', exchange)
    })
  }
}

/** Whatever comes of the response, nobody waits for it any longer than it lasts. */
function endWith(response: ServerResponse, turn: StoreTurn): void {
  const end = () => turn.end(true)
  if (response.closed || response.destroyed) end()
  else response.once('close', end)
}

function variablesOf(request: IncomingMessage): Variables {
  const { [REQUEST_VARIABLES]: given } = request.socket as WithRequestVariables
  return given === undefined ? new HttpVariables(request) : givenVariables(given)
}

/** What rules set as `HTTP_...` is a header for the application. */
function passVariables({ added }: Exchange, { headers }: IncomingMessage): void {
  if (added === undefined) return
  for (const [name, value] of added) {
    if (name.startsWith('HTTP_')) headers[headerName(name)] = value
  }
}
