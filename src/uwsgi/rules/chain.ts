/**
 * A chain of compiled rules, and running a request through it.
 *
 * uWSGI 2.0.21, core/routing.c, uwsgi_apply_routes_do.
 */

import { type Awaitable, assert } from '../../base/index.ts'
import { compileAction } from './actions.ts'
import { toByteText } from './byte-text.ts'
import { compileCondition, riskyWarning } from './conditions.ts'
import { compilePattern, PatternError } from './pattern/index.ts'
import { type Action, type Condition, RuleError, type RuleScope } from './rule.ts'
import type { ActionResult, RuleContext, RuleDeps } from './rule-context.ts'
import { type ChainName, type RuleText, ruleError, type Test } from './rule-text.ts'

interface CompiledRule {
  readonly test: Condition
  readonly action: Action
}

/** What all rules of a configuration are compiled with. */
export interface ChainScope {
  readonly deps: RuleDeps
  readonly cacheNames: ReadonlySet<string>
  readonly servesDotfiles: boolean
  /** Takes one sentence that names the option and its place. */
  warn(text: string): void
}

export class Chain {
  /** Undefined: a label. */
  readonly #rules: readonly (CompiledRule | undefined)[]

  /** @throws UndercroftError `UNDERCROFT_OPTION_INVALID`, which names the rule and its place */
  constructor(name: ChainName, texts: readonly RuleText[], scope: ChainScope) {
    const labels = labelsOf(texts)
    this.#rules = texts.map((text, index) => compileRule(text, { ...scope, name, index, labels }))
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0
  }

  /** @returns `continue`: to the application. A promise only if a remote cache was asked. */
  run(context: RuleContext): Awaitable<'continue' | 'break'> {
    return this.#runFrom(0, context)
  }

  #runFrom(start: number, context: RuleContext): Awaitable<'continue' | 'break'> {
    const rules = this.#rules
    let index = start
    while (index < rules.length) {
      const result = step(rules[index], context)
      if (result instanceof Promise) {
        return result.then(known => {
          const next = nextIndex(known, index)
          return typeof next === 'number' ? this.#runFrom(next, context) : next
        })
      }
      if (result === 'next') index++
      else if (typeof result === 'number') index = result
      else return result
    }
    return 'continue'
  }
}

function nextIndex(result: ActionResult, index: number): number | 'continue' | 'break' {
  return result === 'next' ? index + 1 : result
}

function step(rule: CompiledRule | undefined, context: RuleContext): Awaitable<ActionResult> {
  if (rule === undefined) return 'next'
  context.groups = null
  const holds = rule.test(context)
  if (holds === false) return 'next'
  if (holds === true) return rule.action(context)
  return holds.then(isTrue => (isTrue ? rule.action(context) : 'next'))
}

/** Of several labels with one name, the first counts. */
function labelsOf(texts: readonly RuleText[]): ReadonlyMap<string, number> {
  const labels = new Map<string, number>()
  for (const [index, { given, rule }] of texts.entries()) {
    const label = toByteText(given.value)
    if (rule === undefined && !labels.has(label)) labels.set(label, index)
  }
  return labels
}

interface RulePlace extends ChainScope {
  readonly name: ChainName
  readonly index: number
  readonly labels: ReadonlyMap<string, number>
}

function compileRule({ given, rule }: RuleText, place: RulePlace): CompiledRule | undefined {
  if (rule === undefined) return undefined
  const scope: RuleScope = {
    ...place,
    chain: place.name,
    value: given.value,
    warn: text => place.warn(ruleError(given, text).message),
  }
  try {
    return { test: compileTest(rule.test, scope), action: compileAction(rule.action, scope) }
  } catch (error) {
    if (error instanceof RuleError) throw ruleError(given, error.message)
    if (!(error instanceof PatternError)) throw error
    throw ruleError(given, `pcre error: ${error.message} at offset ${error.offset}`)
  }
}

function compileTest(test: Test, scope: RuleScope): Condition {
  switch (test.kind) {
    case 'always':
      return () => true
    case 'match':
      return compileMatch(test.subject, test.pattern, scope)
    case 'status':
      return compileStatus(test.status)
    case 'condition': {
      const condition = compileCondition(test.name, test.text, scope)
      return test.isNegated ? negate(condition) : condition
    }
  }
}

function compileMatch(subject: string, pattern: string, scope: RuleScope): Condition {
  const { regexp, isRisky } = compilePattern(toByteText(pattern))
  if (isRisky) scope.warn(riskyWarning(pattern))
  const variable = compileSubjectVariable(subject)
  return context => {
    const groups = regexp.exec(variable(context))
    context.groups = groups
    return groups !== null
  }
}

/** The variables that the subjects of rules stand for. */
const SUBJECT_VARIABLES: Readonly<Record<string, string>> = {
  path_info: 'PATH_INFO',
  request_uri: 'REQUEST_URI',
  query_string: 'QUERY_STRING',
  remote_addr: 'REMOTE_ADDR',
  remote_user: 'REMOTE_USER',
  user_agent: 'HTTP_USER_AGENT',
  referer: 'HTTP_REFERER',
}

/** Takes uWSGI's name of a subject. As in uWSGI, variables that addvar sets do not count. */
function compileSubjectVariable(subject: string): (context: RuleContext) => string {
  // uWSGI 2.0.21, core/protocol.c: without a Host header, the server's name is used.
  if (subject === 'http_host') {
    return ({ variables }) => variables.get('HTTP_HOST') || variables.get('SERVER_NAME')
  }
  const name = SUBJECT_VARIABLES[subject]
  assert(name !== undefined, `${subject} is a subject of rules`)
  return ({ variables }) => variables.get(name)
}

function compileStatus(text: string): Condition {
  if (!/^\d{3}$/.test(text)) throw new RuleError(`a status has three digits; got "${text}"`)
  const wanted = Number(text)
  return context => context.statusCode === wanted
}

function negate(condition: Condition): Condition {
  return context => {
    const holds = condition(context)
    return holds instanceof Promise ? holds.then(isTrue => !isTrue) : !holds
  }
}
