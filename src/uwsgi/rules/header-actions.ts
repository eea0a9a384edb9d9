/**
 * Actions that change headers, variables and the log.
 *
 * uWSGI 2.0.21, core/routing.c.
 */

import { isHeaderName, isHeaderValue } from '../../http-message/index.ts'
import { toBytes, toByteText, toPlainText } from './byte-text.ts'
import { parseStatusLine } from './header-text.ts'
import { newReply, rawReply } from './reply.ts'
import { type Action, type ActionKind, RuleError, type RuleScope } from './rule.ts'
import { CHAIN_NAMES, type ChainName } from './rule-text.ts'
import { compileArgument } from './template.ts'

/** The chains that run before the header is sent. */
const BEFORE_BODY: readonly ChainName[] = ['request', 'response']

export const HEADER_ACTIONS: Readonly<Record<string, ActionKind>> = {
  addheader: { chains: BEFORE_BODY, compile: compileAddHeader },
  delheader: { chains: BEFORE_BODY, compile: compileDelHeader },
  remheader: { chains: BEFORE_BODY, compile: compileDelHeader },
  clearheaders: { chains: BEFORE_BODY, compile: compileClearHeaders },
  resetheaders: { chains: BEFORE_BODY, compile: compileClearHeaders },
  send: { chains: ['request'], compile: text => compileSend(text, '') },
  'send-crnl': { chains: ['request'], compile: text => compileSend(text, '\r\n') },
  addvar: { chains: CHAIN_NAMES, compile: compileAddVariable },
  log: { chains: CHAIN_NAMES, compile: compileLog },
  logvar: { chains: CHAIN_NAMES, compile: compileLogVariable },
  donotlog: { chains: CHAIN_NAMES, compile: compileDoNotLog },
}

function compileAddHeader(text: string, { deps }: RuleScope): Action {
  const line = compileArgument(text)
  return context => {
    const header = line.expand(context)
    const colon = header.indexOf(':')
    const name = header.slice(0, Math.max(0, colon))
    const value = header.slice(colon + 1).replace(/^ /, '')
    // The line may contain text of the request: `%0d%0a` in a path must not start another header.
    if (isHeaderName(name) && isHeaderValue(value)) context.edits.added.push(name, value)
    else deps.logOnce(text, `[uwsgi-route] addheader:${text} gives no header that can be sent`)
    return 'next'
  }
}

function compileDelHeader(text: string): Action {
  const name = compileArgument(text)
  return context => {
    context.edits.removed.add(name.expand(context).toLowerCase())
    return 'next'
  }
}

/** Starts again with a status: the rules' own reply, or the application's in the response chain. */
function compileClearHeaders(text: string): Action {
  const status = compileArgument(text)
  return context => {
    const line = parseStatusLine(status.expand(context))
    if (line === undefined) return 'break'
    context.statusCode = line.statusCode
    if (context.response !== undefined) context.response.clear(line)
    else if (!context.placeReply(newReply(line, []))) return 'break'
    return 'next'
  }
}

/** Adds to the body of a reply that has been begun; without one, sends raw bytes. */
function compileSend(text: string, end: string): Action {
  const content = compileArgument(text)
  return context => {
    const bytes = toBytes(content.expand(context) + end)
    const { reply } = context
    if (reply === undefined) context.reply = rawReply(bytes)
    else {
      reply.body.push(bytes)
      reply.isBegun = true
    }
    return 'next'
  }
}

function compileAddVariable(text: string): Action {
  const [name, value] = splitPair(text, '[uwsgi-route] invalid addvar syntax, must be KEY=VAL')
  const template = compileArgument(value)
  return context => {
    context.setVariable(name, template.expand(context))
    return 'next'
  }
}

function compileLog(text: string, { deps }: RuleScope): Action {
  const line = compileArgument(text)
  return context => {
    deps.log(oneLine(line.expand(context)))
    return 'next'
  }
}

function compileLogVariable(text: string): Action {
  const [name, value] = splitPair(text, 'invalid logvar syntax, must be key=value')
  const template = compileArgument(value)
  return context => {
    context.logVariables ??= new Map()
    context.logVariables.set(name, oneLine(template.expand(context)))
    return 'next'
  }
}

function compileDoNotLog(): Action {
  return context => {
    context.isLogged = false
    return 'next'
  }
}

function splitPair(text: string, message: string): readonly [name: string, value: string] {
  const equals = text.indexOf('=')
  if (equals < 0) throw new RuleError(message)
  return [toByteText(text.slice(0, equals)), text.slice(equals + 1)]
}

/** Escapes control characters: a request must not forge log lines or move a terminal's cursor. */
function oneLine(byteText: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the search is for these
  return toPlainText(byteText).replace(/[\x00-\x1f\x7f]/g, control => {
    return `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
