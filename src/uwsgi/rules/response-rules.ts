/**
 * What rules do with the application's response: they change its header before it is sent, and pass
 * a copy of its body to the sinks.
 *
 * The body goes to the client as the application writes it; nothing waits.
 */

import type { ServerResponse } from 'node:http'
import {
  BodyCopy,
  type BodyReceiver,
  type BodyRoute,
  type CopyBudget,
  type ResponseInterceptor,
  type ResponseMethods,
} from '../../http-message/index.ts'
import type { ResponseHead, ResponseSink } from './response-sink.ts'
import type { RuleContext } from './rule-context.ts'
import { sendNothing, sendReply } from './send-reply.ts'

const NOTHING = Buffer.alloc(0)

/** The chains that see the application's response; each runs once, and waits for nothing. */
export interface ResponseChains {
  /** Returns whether the context's reply, or nothing, is sent instead of the response. */
  readonly runErrorRules: (() => boolean) | undefined
  readonly runResponseRules: (() => void) | undefined
}

export class RulesInterceptor implements ResponseInterceptor, BodyReceiver {
  readonly mayAnswer: boolean
  /** The most that any sink takes. The copy is given up beyond. */
  maxBodySize = 0
  readonly #context: RuleContext
  readonly #budget: CopyBudget
  readonly #chains: ResponseChains
  #sinks: ResponseSink[] = []
  #announcedSize: number | undefined

  constructor(context: RuleContext, budget: CopyBudget, chains: ResponseChains) {
    this.#context = context
    this.#budget = budget
    this.#chains = chains
    this.mayAnswer = chains.runErrorRules !== undefined
  }

  onHead(response: ServerResponse, original: ResponseMethods): BodyRoute {
    const context = this.#context
    context.statusCode = response.statusCode
    if (this.#chains.runErrorRules?.() === true) {
      this.#sendReplacement(response, original)
      return { client: 'answered' }
    }
    context.response = {
      clear: ({ statusCode, reason = '' }) => {
        for (const name of response.getHeaderNames()) response.removeHeader(name)
        response.statusCode = statusCode
        response.statusMessage = reason
      },
    }
    this.#chains.runResponseRules?.()
    applyEdits(response, context)
    context.statusCode = response.statusCode
    const head = headOf(response, context)
    this.#sinks = (context.sinks ?? []).filter(sink => sink.wants(head))
    this.maxBodySize = Math.max(0, ...this.#sinks.map(sink => sink.maxBodySize))
    const announced = response.getHeader('content-length')
    if (announced !== undefined) this.#announcedSize = Number(announced)
    const isCopied = this.maxBodySize > 0
    return { client: 'body', copy: isCopied ? new BodyCopy(this, this.#budget) : undefined }
  }

  #sendReplacement(response: ServerResponse, original: ResponseMethods): void {
    const { reply, editsIfAny } = this.#context
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    response.statusMessage = ''
    if (reply === undefined) sendNothing(response)
    else sendReply(response, reply, editsIfAny, original)
  }

  /** The whole body, unless it is shorter than it was announced. */
  async finish(body: Buffer): Promise<void> {
    if (this.#announcedSize !== undefined && this.#announcedSize !== body.length) {
      this.#sinks = []
      return
    }
    this.#keepOnly(sink => body.length <= sink.maxBodySize || sink.maxBodySize === 0)
    for (const sink of this.#sinks) if (sink.maxBodySize > 0) this.#give(sink, body)
  }

  giveUp(): void {
    this.#keepOnly(sink => sink.maxBodySize === 0)
  }

  async fail(): Promise<void> {}

  /** Sinks that do not need the body have been waiting for the end. */
  onEnd(): void {
    for (const sink of this.#sinks) if (sink.maxBodySize === 0) this.#give(sink, NOTHING)
  }

  #keepOnly(isKept: (sink: ResponseSink) => boolean): void {
    for (const sink of this.#sinks) if (!isKept(sink)) sink.miss?.()
    this.#sinks = this.#sinks.filter(isKept)
  }

  /** The application's call succeeds even when the copy cannot be stored. */
  #give(sink: ResponseSink, body: Buffer): void {
    try {
      sink.take(body)
    } catch (error) {
      this.#context.deps.log(`[uwsgi-route] a response was not stored: ${error}`)
    }
  }
}

function applyEdits(response: ServerResponse, { editsIfAny }: RuleContext): void {
  if (editsIfAny === undefined) return
  for (const name of editsIfAny.removed) response.removeHeader(name)
  const { added } = editsIfAny
  for (let i = 0; i < added.length; i += 2) {
    response.appendHeader(added[i] ?? '', added[i + 1] ?? '')
  }
}

function headOf(response: ServerResponse, context: RuleContext): ResponseHead {
  return {
    method: context.variable('REQUEST_METHOD'),
    statusCode: response.statusCode,
    cacheControl: headerText(response, 'cache-control'),
    contentEncoding: headerText(response, 'content-encoding').toLowerCase(),
    contentType: headerText(response, 'content-type'),
    hasSetCookie: response.hasHeader('set-cookie'),
    hasAuthorization: context.variable('HTTP_AUTHORIZATION') !== '',
    hasCookie: context.variable('HTTP_COOKIE') !== '',
  }
}

function headerText(response: ServerResponse, name: string): string {
  const value = response.getHeader(name)
  return Array.isArray(value) ? value.join(',') : String(value ?? '')
}
