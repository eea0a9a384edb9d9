/**
 * Actions on the request itself: `rewrite` gives it another path, `basicauth` a user, and `http`
 * another server.
 *
 * uWSGI 2.0.21, plugins/router_rewrite, plugins/router_basicauth and plugins/router_http.
 */

import { createHash, timingSafeEqual } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { UndercroftError } from '../../base/index.ts'
import { isHeaderValue } from '../../http-message/index.ts'
import { parseAddress, type SocketAddress } from '../options/index.ts'
import { newReply } from './reply.ts'
import { type Action, type ActionKind, RuleError, type RuleScope } from './rule.ts'
import { compileArgument } from './template.ts'
import { decodePercents } from './variables.ts'

export const REQUEST_ACTIONS: Readonly<Record<string, ActionKind>> = {
  rewrite: { chains: ['request'], compile: text => compileRewrite(text, 'next') },
  'rewrite-last': { chains: ['request'], compile: text => compileRewrite(text, 'continue') },
  http: { chains: ['request'], compile: compileForward },
  basicauth: { chains: ['request'], compile: (text, scope) => compileAuth(text, false, scope) },
  'basicauth-next': {
    chains: ['request'],
    compile: (text, scope) => compileAuth(text, true, scope),
  },
}

/** Sets PATH_INFO, and puts a query of the rule before that of the request. */
function compileRewrite(text: string, result: 'next' | 'continue'): Action {
  const target = compileArgument(text)
  return context => {
    const [path = '', ...query] = target.expand(context).split('?')
    const own = query.join('?')
    const given = context.variable('QUERY_STRING')
    context.rewrite(decodePercents(path), [own, given].filter(part => part !== '').join('&'))
    return result
  }
}

/** `http:ADDRESS[,HOST[,TARGET]]`. An address without text of the request is checked at start. */
function compileForward(text: string): Action {
  const [, ...parts] = /^([^,]*)(?:,([^,]*))?(?:,(.*))?$/.exec(text) ?? []
  const [place, host, target] = parts.map(part => compileArgument(part ?? ''))
  if (place === undefined || place.text === '') {
    throw new RuleError('invalid route syntax: write http:ADDRESS[,HOST[,URI]]')
  }
  if (place.isFixed) addressOf(place.fixedText)
  return context => {
    const name = host?.expand(context) ?? ''
    if (!isHeaderValue(name)) return 'break'
    context.backend = {
      address: addressOf(place.expand(context)),
      host: name || undefined,
      target: target?.expand(context) || undefined,
    }
    return 'break'
  }
}

function addressOf(text: string): SocketAddress {
  try {
    return parseAddress('http', text)
  } catch (error) {
    if (error instanceof UndercroftError) throw new RuleError(error.message)
    throw error
  }
}

type CheckUser = (user: string, password: string) => boolean

/** Sets REMOTE_USER, or asks for credentials. With `-next`, wrong ones are left to later rules. */
function compileAuth(text: string, isTolerant: boolean, scope: RuleScope): Action {
  const comma = text.indexOf(',')
  const realm = text.slice(0, Math.max(0, comma))
  if (comma < 0 || !isHeaderValue(realm) || realm.includes('"')) {
    throw new RuleError('invalid route syntax: write basicauth:REALM,USER:PASSWORD or REALM,FILE')
  }
  const source = text.slice(comma + 1)
  const check = source.includes(':') ? ownUser(source) : usersOf(source, scope)
  const ask = {
    ...newReply({ statusCode: 401, reason: 'Authorization Required' }, [
      ...['WWW-Authenticate', `Basic realm="${realm}"`],
    ]),
    hasLength: true,
    isBegun: true,
  }
  return context => {
    if (context.variable('REMOTE_USER') !== '') return 'next'
    const [, coded] =
      /^Basic ([A-Za-z0-9+/]+=*)$/.exec(context.variable('HTTP_AUTHORIZATION')) ?? []
    const [, user, password] = /^([^:]*):([\s\S]*)$/.exec(decode(coded)) ?? []
    const isKnown = user !== undefined && password !== undefined && check(user, password)
    if (isKnown) context.overrideVariable('REMOTE_USER', user)
    if (isKnown || (isTolerant && coded !== undefined)) return 'next'
    context.placeReply({ ...ask, body: [Buffer.from('Unauthorized')] })
    return 'break'
  }
}

function decode(coded: string | undefined): string {
  return Buffer.from(coded ?? '', 'base64').toString('latin1')
}

function ownUser(source: string): CheckUser {
  return (user, password) => isSame(`${user}:${password}`, source)
}

/** The lines of a file of `htpasswd -s`, read again when the file changes. */
function usersOf(path: string, { deps, warn }: RuleScope): CheckUser {
  let readAtMs = Number.NaN
  let lines: ReadonlyMap<string, string> = new Map()
  const read = (report: (line: string) => void) => {
    try {
      const { mtimeMs } = statSync(path)
      if (mtimeMs === readAtMs) return
      lines = parseUsers(readFileSync(path, 'latin1'), path, report)
      readAtMs = mtimeMs
    } catch (error) {
      lines = new Map()
      report(`cannot read ${path}, so no user can log in: ${error}`)
    }
  }
  read(warn)
  return (user, password) => {
    read(line => deps.logOnce(line, `[uwsgi-route] ${line}`))
    const expected = lines.get(user)
    const hash = createHash('sha1').update(password, 'latin1').digest('base64')
    return expected !== undefined && isSame(`${SHA}${hash}`, expected)
  }
}

/** The only kind of password that Node.js can check without a library of its own. */
const SHA = '{SHA}'

function parseUsers(
  text: string,
  path: string,
  report: (line: string) => void,
): ReadonlyMap<string, string> {
  const users = new Map<string, string>()
  for (const line of text.split(/\r?\n/).filter(each => each !== '')) {
    const [, user = '', password = ''] = /^([^:]*):(.*)$/.exec(line) ?? []
    if (password.startsWith(SHA)) users.set(user, password)
    else report(`${path}: the password of "${user}" is not of htpasswd -s, so it never fits`)
  }
  return users
}

/** Takes a time that does not depend on which characters differ. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text, 'latin1').digest()
  return timingSafeEqual(digest(given), digest(expected))
}
