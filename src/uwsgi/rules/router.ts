/**
 * Rules around an application: requests come in here, and decisions are carried out here.
 */

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import {
  CopyBudget,
  interceptResponse,
  REQUEST_VARIABLES,
  type WithRequestVariables,
} from '../../http-message/index.ts'
import type { OptionSet } from '../options/index.ts'
import { closeFile } from './open-file.ts'
import { RulesInterceptor } from './response-rules.ts'
import { type RouterDeps, RuleContext, type StoreLease } from './rule-context.ts'
import { type Decision, type Protocol, RuleSet } from './rule-set.ts'
import { sendNothing, sendReply } from './send-reply.ts'
import { givenVariables, HttpVariables, headerName, type Variables } from './variables.ts'

/** What rules say about logging a request. */
export interface RequestLogFacts {
  /** False after `donotlog:`. */
  readonly isLogged: boolean
  /** The variables of `logvar:`. */
  readonly variables: ReadonlyMap<string, string>
}

/** Compiled rules, ready to answer. */
export interface Router {
  /** The tables of rules as uWSGI prints them at start, line by line; empty without rules. */
  readonly description: readonly string[]
  /** Probable mistakes, one sentence each, with the option and its place. */
  readonly warnings: readonly string[]
  /**
   * Makes a listener for `http.createServer` that runs the rules, and asks the application for what
   * they do not answer.
   *
   * @param application - undefined: there is none, and requests without an answer are closed or
   * get a 404
   * @param protocol - `http` promises that no request comes by the uwsgi protocol; `uwsgi`, the
   * default, allows both
   * @returns the application itself if the options say nothing about such requests
   */
  wrap(application: RequestListener | undefined, protocol?: Protocol): RequestListener
  logFacts(request: IncomingMessage): RequestLogFacts
}

/**
 * Compiles the rules among the options, and the options that belong to them.
 *
 * @throws UndercroftError `UNDERCROFT_OPTION_INVALID`, which names the rule, its file and its line.
 */
export function createRouter(options: OptionSet, deps: RouterDeps): Router {
  return new HttpRouter(new RuleSet(options, deps))
}

/** Bytes of bodies on their way to caches and files at once; more are only sent. */
const MAX_COPIED_SIZE = 64 * 1024 * 1024

const NO_LOG_FACTS: RequestLogFacts = { isLogged: true, variables: new Map() }

class HttpRouter implements Router {
  readonly #rules: RuleSet
  readonly #hasErrorRules: boolean
  readonly #hasResponseRules: boolean
  readonly #hasFinalRules: boolean
  readonly #budget = new CopyBudget(MAX_COPIED_SIZE)
  readonly #logged = new WeakMap<IncomingMessage, RuleContext>()

  constructor(rules: RuleSet) {
    this.#rules = rules
    this.#hasErrorRules = rules.has('error')
    this.#hasResponseRules = rules.has('response')
    this.#hasFinalRules = rules.has('final')
  }

  get description(): readonly string[] {
    return this.#rules.description
  }

  get warnings(): readonly string[] {
    return this.#rules.warnings
  }

  wrap(application: RequestListener | undefined, protocol: Protocol = 'uwsgi'): RequestListener {
    if (application !== undefined && !this.#rules.concerns(protocol)) return application
    return (request, response) => {
      const context = new RuleContext(this.#rules.deps, variablesOf(request))
      const { addedHeaders } = this.#rules
      if (addedHeaders.length > 0) context.edits.added.push(...addedHeaders)
      if (this.#rules.concernsLog) this.#logged.set(request, context)
      if (this.#hasFinalRules) this.#runAtEnd(context, response)
      const decision = this.#decide(context)
      const carryOut = (known: Decision) => {
        if (context.lease !== undefined) endWith(response, context.lease)
        if (known === 'reply') this.#reply(context, response)
        else this.#ask(application, context, request, response)
      }
      if (!(decision instanceof Promise)) carryOut(decision)
      // An error of the application must not become a rejection of this promise.
      else void decision.then(known => process.nextTick(carryOut, known))
    }
  }

  logFacts(request: IncomingMessage): RequestLogFacts {
    const context = this.#logged.get(request)
    if (context === undefined) return NO_LOG_FACTS
    const { isLogged, logVariables = NO_LOG_FACTS.variables } = context
    return { isLogged, variables: logVariables }
  }

  /** An error in a rule ends the request, as in uWSGI, and not the process. */
  #decide(context: RuleContext): Decision | Promise<Decision> {
    const fail = (error: unknown): Decision => {
      this.#rules.deps.log(`[uwsgi-route] a rule failed: ${error}`)
      return 'reply'
    }
    try {
      const decision = this.#rules.decide(context)
      return decision instanceof Promise ? decision.catch(fail) : decision
    } catch (error) {
      return fail(error)
    }
  }

  #reply(context: RuleContext, response: ServerResponse): void {
    if (this.#hasErrorRules && context.reply !== undefined) {
      context.statusCode = context.reply.statusCode
      const replaced = context.reply
      if (this.#rules.replacesResponse(context) && replaced.file !== undefined)
        closeFile(replaced.file)
    }
    if (context.reply === undefined) {
      sendNothing(response)
      return
    }
    if (this.#hasResponseRules) this.#runOverReply(context)
    sendReply(response, context.reply, context.editsIfAny)
  }

  #ask(
    application: RequestListener | undefined,
    context: RuleContext,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    const { backend } = context
    if (application === undefined && backend === undefined) {
      this.#rules.replaceApplication(context)
      this.#reply(context, response)
      return
    }
    passVariables(context, request)
    const runRules = this.#hasResponseRules
      ? () => this.#rules.runAside('response', context)
      : undefined
    const runErrorRules = this.#hasErrorRules
      ? () => this.#rules.replacesResponse(context)
      : undefined
    const { sinks, editsIfAny } = context
    const isObserved = runRules !== undefined || runErrorRules !== undefined
    if (isObserved || sinks !== undefined || editsIfAny !== undefined) {
      const rules = { runErrorRules, runResponseRules: runRules }
      interceptResponse(response, new RulesInterceptor(context, this.#budget, rules))
    }
    if (backend === undefined) application?.(request, response)
    else this.#rules.forwarder.forward(backend, context, request, response)
  }

  /** Rules of the response chain also see the replies of rules, which are not stored again. */
  #runOverReply(context: RuleContext): void {
    const { reply } = context
    if (reply === undefined) return
    context.statusCode = reply.statusCode
    context.response = {
      clear: status => {
        context.reply = { ...reply, ...status, headers: [], hasLength: false }
      },
    }
    this.#rules.runAside('response', context)
  }

  #runAtEnd(context: RuleContext, response: ServerResponse): void {
    response.once('close', () => {
      context.statusCode = response.headersSent ? response.statusCode : context.statusCode
      this.#rules.runAside('final', context)
    })
  }
}

/** Ends the lease with the response at the latest, however the response ends. */
function endWith(response: ServerResponse, lease: StoreLease): void {
  const end = () => lease.end(true)
  if (response.closed || response.destroyed) end()
  else response.once('close', end)
}

function variablesOf(request: IncomingMessage): Variables {
  const { [REQUEST_VARIABLES]: given } = request.socket as WithRequestVariables
  return given === undefined ? new HttpVariables(request) : givenVariables(given)
}

/** A rewritten target, and each variable `HTTP_...` as a header, for the application. */
function passVariables({ added, target }: RuleContext, request: IncomingMessage): void {
  if (target !== undefined) request.url = target
  if (added === undefined) return
  const { headers } = request
  for (const [name, value] of added) {
    if (name.startsWith('HTTP_')) headers[headerName(name)] = value
  }
}
