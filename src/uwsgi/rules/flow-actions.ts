/**
 * Actions that decide what comes next: goto, last, break, return.
 *
 * uWSGI 2.0.21, core/routing.c.
 */

import { toByteText } from './byte-text.ts'
import { parseStatusLine, statusWords } from './header-text.ts'
import { allowsBody, newReply } from './reply.ts'
import { type Act, type ActionKind, type RuleContext, RuleError } from './rule.ts'
import { CHAIN_NAMES } from './rule-text.ts'
import { compileArgument } from './template.ts'

const GOTO_ERROR =
  '[uwsgi-route] ERROR "goto" instruction can only jump forward (check your label !!!)'

/** An argument of `break` below this size is none. */
const MIN_STATUS_SIZE = 3

export const FLOW_ACTIONS: Readonly<Record<string, ActionKind>> = {
  goto: { chains: CHAIN_NAMES, compile: compileGoto },
  last: { chains: CHAIN_NAMES, compile: () => () => 'continue' },
  continue: { chains: CHAIN_NAMES, compile: () => () => 'continue' },
  break: { chains: ['request'], compile: compileBreak },
  return: { chains: ['request'], compile: compileReturn },
  'break-with-status': { chains: ['request'], compile: compileReturn },
  donotoffload: { chains: CHAIN_NAMES, compile: () => () => 'next' },
}

/** To a label, or to the rule whose number the argument begins with; only forward. */
function compileGoto(text: string, context: RuleContext): Act {
  const label = compileArgument(text)
  const number = Number(/^\d{1,9}/.exec(text)?.[0] ?? '0')
  const { index, labels, world } = context
  const find = (name: string) => labels.get(name) ?? number
  if (label.isFixed && find(label.fixedText) <= index) {
    context.warn(`goto ${text} leads nowhere ahead, so it ends the request`)
  }
  return exchange => {
    const target = find(label.expand(exchange))
    if (target > index) return target
    world.host.log(GOTO_ERROR)
    return 'break'
  }
}

/** With a status: a header and nothing more, and the connection ends. Not expanded. */
function compileBreak(text: string): Act {
  if (text.length < MIN_STATUS_SIZE) return () => 'break'
  const status = parseStatusLine(toByteText(text))
  if (status === undefined) {
    throw new RuleError(`break needs a status from 200, such as "403 Forbidden"; got "${text}"`)
  }
  const headers = ['Connection', 'close', 'Content-Type', 'text/plain']
  return exchange => {
    exchange.placeReply({ ...newReply(status, headers), isLast: true })
    return 'break'
  }
}

/** The status with its usual words as the body; without such words nothing at all. */
function compileReturn(text: string, { warn }: RuleContext): Act {
  const status = parseStatusLine(text.slice(0, MIN_STATUS_SIZE))
  const words = status && statusWords(status.statusCode)
  if (status === undefined || words === undefined) {
    warn(`return knows no status "${text}", so it ends the connection without an answer`)
    return () => 'break'
  }
  const { statusCode } = status
  return exchange => {
    const reply = newReply({ statusCode }, ['Content-Type', 'text/plain'])
    const hasBody = allowsBody(statusCode)
    const body = hasBody ? [Buffer.from(words)] : []
    exchange.placeReply({ ...reply, body, hasLength: hasBody, isBegun: true })
    return 'break'
  }
}
