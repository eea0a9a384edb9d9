/**
 * The table of actions, and the actions that decide what comes next: goto, last, break, return.
 *
 * uWSGI 2.0.21, core/routing.c.
 */

import { formatSuggestion } from '../../base/index.ts'
import { isHeaderValue, statusWords } from '../../http-message/index.ts'
import { toByteText } from './byte-text.ts'
import { CACHE_ACTIONS } from './cache-actions.ts'
import { FILE_ACTIONS } from './file-actions.ts'
import { HEADER_ACTIONS } from './header-actions.ts'
import { parseStatusLine } from './header-text.ts'
import { allowsBody, newReply } from './reply.ts'
import { REQUEST_ACTIONS } from './request-actions.ts'
import { type Action, type ActionKind, RuleError, type RuleScope } from './rule.ts'
import { type ActionText, CHAIN_NAMES, type ChainName } from './rule-text.ts'
import { STORE_ACTIONS } from './store-actions.ts'
import { compileArgument } from './template.ts'

const GOTO_ERROR =
  '[uwsgi-route] ERROR "goto" instruction can only jump forward (check your label !!!)'

/** An argument of `break` below this size counts as missing. */
const MIN_STATUS_SIZE = 3

/** The chains that can answer in place of the application. */
const ANSWERING: readonly ChainName[] = ['request', 'error']

const FLOW_ACTIONS: Readonly<Record<string, ActionKind>> = {
  goto: { chains: CHAIN_NAMES, compile: compileGoto },
  last: { chains: CHAIN_NAMES, compile: () => () => 'continue' },
  continue: { chains: CHAIN_NAMES, compile: () => () => 'continue' },
  break: { chains: ANSWERING, compile: compileBreak },
  return: { chains: ANSWERING, compile: compileReturn },
  'break-with-status': { chains: ANSWERING, compile: compileReturn },
  redirect: { chains: ANSWERING, compile: text => compileRedirect(text, 302, 'Moved') },
  'redirect-302': { chains: ANSWERING, compile: text => compileRedirect(text, 302, 'Moved') },
  'redirect-301': { chains: ANSWERING, compile: compilePermanentRedirect },
  'redirect-permanent': { chains: ANSWERING, compile: compilePermanentRedirect },
  donotoffload: { chains: CHAIN_NAMES, compile: () => () => 'next' },
}

/** All actions by name. */
export const ACTIONS: ReadonlyMap<string, ActionKind> = new Map(
  [
    ...[FLOW_ACTIONS, HEADER_ACTIONS, REQUEST_ACTIONS],
    ...[CACHE_ACTIONS, STORE_ACTIONS, FILE_ACTIONS],
  ].flatMap(group => Object.entries(group)),
)

/** @throws RuleError for an unknown action, or one that the chain cannot use */
export function compileAction({ name, text }: ActionText, scope: RuleScope): Action {
  const kind = ACTIONS.get(name)
  if (kind === undefined) {
    throw refused(`there is no action "${name}"${formatSuggestion(name, ACTIONS.keys())}`, scope)
  }
  if (!kind.chains.includes(scope.chain)) {
    throw refused(`${name} cannot be used in the ${scope.chain} chain`, scope)
  }
  return kind.compile(text, scope)
}

function refused(reason: string, { value }: RuleScope): RuleError {
  return new RuleError(`unable to register route "${value}": ${reason}`)
}

/** Jumps to a label, or to the rule whose number the argument begins with; only forward. */
function compileGoto(text: string, scope: RuleScope): Action {
  const label = compileArgument(text)
  const number = Number(/^\d{1,9}/.exec(text)?.[0] ?? '0')
  const { index, labels, deps } = scope
  const find = (name: string) => labels.get(name) ?? number
  if (label.isFixed && find(label.fixedText) <= index) {
    scope.warn(`goto ${text} leads nowhere ahead, so it ends the request`)
  }
  return context => {
    const target = find(label.expand(context))
    if (target > index) return target
    deps.log(GOTO_ERROR)
    return 'break'
  }
}

/** With a status, sends a header without a body and ends the connection. Not expanded. */
function compileBreak(text: string): Action {
  if (text.length < MIN_STATUS_SIZE) return () => 'break'
  const status = parseStatusLine(toByteText(text))
  if (status === undefined) {
    throw new RuleError(`break needs a status from 200, such as "403 Forbidden"; got "${text}"`)
  }
  const headers = ['Connection', 'close', 'Content-Type', 'text/plain']
  return context => {
    context.placeReply({ ...newReply(status, headers), isLast: true })
    return 'break'
  }
}

/** Sends the status with its reason phrase as the body; without a phrase, sends nothing. */
function compileReturn(text: string, { warn }: RuleScope): Action {
  const status = parseStatusLine(text.slice(0, MIN_STATUS_SIZE))
  const words = status && statusWords(status.statusCode)
  if (status === undefined || words === undefined) {
    warn(`return knows no status "${text}", so it ends the connection without an answer`)
    return () => 'break'
  }
  const { statusCode } = status
  return context => {
    const reply = newReply({ statusCode }, ['Content-Type', 'text/plain'])
    const hasBody = allowsBody(statusCode)
    const body = hasBody ? [Buffer.from(words)] : []
    context.placeReply({ ...reply, body, hasLength: hasBody, isBegun: true })
    return 'break'
  }
}

/** uWSGI 2.0.21, plugins/router_redirect. */
function compileRedirect(text: string, statusCode: number, body: string): Action {
  const location = compileArgument(text)
  return context => {
    const target = location.expand(context)
    // `%0d%0a` in a path of the request must not begin another header.
    if (!isHeaderValue(target)) return 'break'
    const reply = newReply({ statusCode }, ['Location', target])
    context.placeReply({ ...reply, body: [Buffer.from(body)], hasLength: true, isBegun: true })
    return 'break'
  }
}

function compilePermanentRedirect(text: string): Action {
  return compileRedirect(text, 301, 'Moved Permanently')
}
