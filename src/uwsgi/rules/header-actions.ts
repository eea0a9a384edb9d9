/**
 * Actions that change headers, variables and the log.
 *
 * uWSGI 2.0.21, core/routing.c.
 */

import { toByteText, toPlainText } from './byte-text.ts'
import { isHeaderName, isHeaderValue, parseStatusLine } from './header-text.ts'
import { newReply, rawReply } from './reply.ts'
import { type Act, type ActionKind, type RuleContext, RuleError } from './rule.ts'
import { CHAIN_NAMES, type ChainName } from './rule-text.ts'
import { compileArgument } from './template.ts'

/** As long as there is a header to change. */
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

function compileAddHeader(text: string, { world }: RuleContext): Act {
  const line = compileArgument(text)
  return exchange => {
    const header = line.expand(exchange)
    const colon = header.indexOf(':')
    const name = header.slice(0, Math.max(0, colon))
    const value = header.slice(colon + 1).replace(/^ /, '')
    // Request text may be in it: `%0d%0a` in a path must not become a header of its own.
    if (isHeaderName(name) && isHeaderValue(value)) exchange.edits.added.push(name, value)
    else world.logOnce(text, `[uwsgi-route] addheader:${text} gives no header that can be sent`)
    return 'next'
  }
}

function compileDelHeader(text: string): Act {
  const name = compileArgument(text)
  return exchange => {
    exchange.edits.removed.add(name.expand(exchange).toLowerCase())
    return 'next'
  }
}

/** Begins anew with a status: the rules' own answer, or the application's in the other chain. */
function compileClearHeaders(text: string): Act {
  const status = compileArgument(text)
  return exchange => {
    const line = parseStatusLine(status.expand(exchange))
    if (line === undefined) return 'break'
    exchange.statusCode = line.statusCode
    if (exchange.response !== undefined) exchange.response.clear(line)
    else if (!exchange.placeReply(newReply(line, []))) return 'break'
    return 'next'
  }
}

/** More of the body of an answer that has been begun; without one, raw bytes. */
function compileSend(text: string, end: string): Act {
  const content = compileArgument(text)
  return exchange => {
    const bytes = Buffer.from(content.expand(exchange) + end, 'latin1')
    const { reply } = exchange
    if (reply === undefined) exchange.reply = rawReply(bytes)
    else {
      reply.body.push(bytes)
      reply.isBegun = true
    }
    return 'next'
  }
}

function compileAddVariable(text: string): Act {
  const [name, value] = splitPair(text, '[uwsgi-route] invalid addvar syntax, must be KEY=VAL')
  const template = compileArgument(value)
  return exchange => {
    exchange.setVariable(name, template.expand(exchange))
    return 'next'
  }
}

function compileLog(text: string, { world }: RuleContext): Act {
  const line = compileArgument(text)
  return exchange => {
    world.host.log(oneLine(line.expand(exchange)))
    return 'next'
  }
}

function compileLogVariable(text: string): Act {
  const [name, value] = splitPair(text, 'invalid logvar syntax, must be key=value')
  const template = compileArgument(value)
  return exchange => {
    exchange.logVariables ??= new Map()
    exchange.logVariables.set(name, oneLine(template.expand(exchange)))
    return 'next'
  }
}

function compileDoNotLog(): Act {
  return exchange => {
    exchange.isLogged = false
    return 'next'
  }
}

function splitPair(text: string, message: string): readonly [name: string, value: string] {
  const equals = text.indexOf('=')
  if (equals < 0) throw new RuleError(message)
  return [toByteText(text.slice(0, equals)), text.slice(equals + 1)]
}

/** A request must not forge lines of a log, nor move a terminal's cursor. */
function oneLine(byteText: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return toPlainText(byteText).replace(/[\x00-\x1f\x7f]/g, control => {
    return `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
