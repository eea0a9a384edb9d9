/**
 * A chain of compiled rules, and running a request through it.
 *
 * uWSGI 2.0.21, core/routing.c, uwsgi_apply_routes_do.
 */

import { compileAction } from './actions.ts'
import { toByteText } from './byte-text.ts'
import { compileCondition, riskyWarning } from './conditions.ts'
import type { Exchange, World } from './exchange.ts'
import type { Flow } from './flow.ts'
import type { Later } from './host.ts'
import { compilePattern, PatternError } from './pattern/index.ts'
import { type Act, type Condition, type RuleContext, RuleError } from './rule.ts'
import { type ChainName, type RuleText, ruleError, type Test } from './rule-text.ts'
import { compileSubjectVariable } from './subjects.ts'

interface CompiledRule {
  readonly test: Condition
  readonly act: Act
}

/** What all rules of a configuration are compiled with. */
export interface ChainContext {
  readonly world: World
  readonly cacheNames: ReadonlySet<string>
  /** One sentence, with where it is about. */
  warn(text: string): void
}

export class Chain {
  /** Undefined: a label. */
  readonly #rules: readonly (CompiledRule | undefined)[]

  /** Throws UNDERCROFT_OPTION_INVALID, naming the rule and where it stands. */
  constructor(name: ChainName, texts: readonly RuleText[], context: ChainContext) {
    const labels = labelsOf(texts)
    this.#rules = texts.map((text, index) => compileRule(text, { ...context, name, index, labels }))
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0
  }

  /** `continue`: to the application. A promise only if a cache far away was asked. */
  run(exchange: Exchange): Later<'continue' | 'break'> {
    return this.#runFrom(0, exchange)
  }

  #runFrom(start: number, exchange: Exchange): Later<'continue' | 'break'> {
    const rules = this.#rules
    let index = start
    while (index < rules.length) {
      const flow = step(rules[index], exchange)
      if (flow instanceof Promise) {
        return flow.then(known => {
          const next = nextIndex(known, index)
          return typeof next === 'number' ? this.#runFrom(next, exchange) : next
        })
      }
      if (flow === 'next') index++
      else if (typeof flow === 'number') index = flow
      else return flow
    }
    return 'continue'
  }
}

function nextIndex(flow: Flow, index: number): number | 'continue' | 'break' {
  return flow === 'next' ? index + 1 : flow
}

function step(rule: CompiledRule | undefined, exchange: Exchange): Later<Flow> {
  if (rule === undefined) return 'next'
  exchange.groups = null
  const holds = rule.test(exchange)
  if (holds === false) return 'next'
  if (holds === true) return rule.act(exchange)
  return holds.then(isTrue => (isTrue ? rule.act(exchange) : 'next'))
}

/** The first of several labels of one name counts. */
function labelsOf(texts: readonly RuleText[]): ReadonlyMap<string, number> {
  const labels = new Map<string, number>()
  for (const [index, { given, rule }] of texts.entries()) {
    const label = toByteText(given.value)
    if (rule === undefined && !labels.has(label)) labels.set(label, index)
  }
  return labels
}

interface RulePlace extends ChainContext {
  readonly name: ChainName
  readonly index: number
  readonly labels: ReadonlyMap<string, number>
}

function compileRule({ given, rule }: RuleText, place: RulePlace): CompiledRule | undefined {
  if (rule === undefined) return undefined
  const context: RuleContext = {
    ...place,
    chain: place.name,
    value: given.value,
    warn: text => place.warn(ruleError(given, text).message),
  }
  try {
    return { test: compileTest(rule.test, context), act: compileAction(rule.action, context) }
  } catch (error) {
    if (error instanceof RuleError) throw ruleError(given, error.message)
    if (!(error instanceof PatternError)) throw error
    throw ruleError(given, `pcre error: ${error.message} at offset ${error.offset}`)
  }
}

function compileTest(test: Test, context: RuleContext): Condition {
  switch (test.kind) {
    case 'always':
      return () => true
    case 'match':
      return compileMatch(test.subject, test.pattern, context)
    case 'status':
      return compileStatus(test.status)
    case 'condition': {
      const condition = compileCondition(test.name, test.text, context)
      return test.isNegated ? negate(condition) : condition
    }
  }
}

function compileMatch(subject: string, pattern: string, context: RuleContext): Condition {
  const { regexp, isRisky } = compilePattern(toByteText(pattern))
  if (isRisky) context.warn(riskyWarning(pattern))
  const variable = compileSubjectVariable(subject)
  return exchange => {
    const groups = regexp.exec(variable(exchange))
    exchange.groups = groups
    return groups !== null
  }
}

function compileStatus(text: string): Condition {
  if (!/^\d{3}$/.test(text)) throw new RuleError(`a status has three digits; got "${text}"`)
  const wanted = Number(text)
  return exchange => exchange.statusCode === wanted
}

function negate(condition: Condition): Condition {
  return exchange => {
    const holds = condition(exchange)
    return holds instanceof Promise ? holds.then(isTrue => !isTrue) : !holds
  }
}
