/**
 * Rules as written: their chain, their subject, and their action.
 *
 * uWSGI 2.0.21, core/routing.c, uwsgi_opt_add_route. Names are not looked up here.
 */

import { UndercroftError } from '../../base/index.ts'
import { formatGiven, type GivenOption } from '../options/index.ts'

/**
 * When rules run: before the application, when a status is known, when the header is complete, or
 * after the response.
 */
export type ChainName = 'request' | 'error' | 'response' | 'final'

export const CHAIN_NAMES: readonly ChainName[] = ['request', 'error', 'response', 'final']

/** The subject of each `route...` option, by its name without the chain. */
const SUBJECTS: Readonly<Record<string, string>> = {
  route: 'path_info',
  'route-uri': 'request_uri',
  'route-qs': 'query_string',
  'route-host': 'http_host',
  'route-remote-addr': 'remote_addr',
  'route-remote-user': 'remote_user',
  'route-user-agent': 'user_agent',
  'route-referer': 'referer',
}

/** What must hold before the action runs. */
export type Test =
  | { readonly kind: 'always' }
  | { readonly kind: 'match'; readonly subject: string; readonly pattern: string }
  | { readonly kind: 'status'; readonly status: string }
  | {
      readonly kind: 'condition'
      readonly name: string
      readonly text: string
      readonly isNegated: boolean
    }

export interface ActionText {
  readonly name: string
  readonly text: string
}

/** One entry of a chain. Labels are entries as well, and count. */
export interface RuleText {
  readonly given: GivenOption
  /** Undefined: the entry is a label, whose name is the value of the option. */
  readonly rule: { readonly test: Test; readonly action: ActionText } | undefined
}

/** Whether an option is a rule of any chain. */
export function isRuleOption(name: string): boolean {
  return splitName(name) !== undefined
}

/** Sorts rules into their chains, each in the order of the configuration. */
export function parseRules(given: readonly GivenOption[]): Record<ChainName, RuleText[]> {
  const chains: Record<ChainName, RuleText[]> = {
    request: [],
    error: [],
    response: [],
    final: [],
  }
  for (const option of given) {
    const [prefix, kind] = splitName(option.name) ?? ['', option.name]
    chains[CHAINS[prefix] ?? 'request'].push(parseRule(kind, option))
  }
  return chains
}

/** An error about one rule. The reason is uWSGI's own message where it has one. */
export function ruleError(given: GivenOption, reason: string): UndercroftError {
  return new UndercroftError('UNDERCROFT_OPTION_INVALID', `${formatGiven(given)}: ${reason}`)
}

const NAME = /^(error-|response-|final-)?(route(?:-[a-z-]+)?)$/
const OTHER_KINDS = ['route-if', 'route-if-not', 'route-run', 'route-label', 'route-status']

/** The chain of each prefix. */
const CHAINS: Readonly<Record<string, ChainName>> = {
  'error-': 'error',
  'response-': 'response',
  'final-': 'final',
}

function splitName(name: string): readonly [prefix: string, kind: string] | undefined {
  const [, prefix = '', kind = ''] = NAME.exec(name) ?? []
  const isKnown = Object.hasOwn(SUBJECTS, kind) || OTHER_KINDS.includes(kind)
  return isKnown ? [prefix, kind] : undefined
}

function parseRule(kind: string, given: GivenOption): RuleText {
  if (kind === 'route-label') return { given, rule: undefined }
  if (kind === 'route-run') {
    return { given, rule: { test: { kind: 'always' }, action: parseAction(given, given.value) } }
  }
  const space = given.value.indexOf(' ')
  if (space < 0) throw ruleError(given, 'invalid route syntax: a space must precede the action')
  const head = given.value.slice(0, space)
  const test = parseTest(kind, head, given)
  return { given, rule: { test, action: parseAction(given, given.value.slice(space + 1)) } }
}

function parseTest(kind: string, head: string, given: GivenOption): Test {
  const subject = SUBJECTS[kind]
  if (subject !== undefined) return { kind: 'match', subject, pattern: head }
  if (kind === 'route-status') return { kind: 'status', status: head }
  const colon = head.indexOf(':')
  if (colon < 0) {
    const reason = 'a condition is a name, a colon, and what follows up to the first space'
    throw ruleError(given, `invalid route condition syntax: ${reason}`)
  }
  return {
    kind: 'condition',
    name: head.slice(0, colon),
    text: head.slice(colon + 1),
    isNegated: kind === 'route-if-not',
  }
}

function parseAction(given: GivenOption, text: string): ActionText {
  const colon = text.indexOf(':')
  if (colon < 0) {
    throw ruleError(given, 'invalid route syntax: a colon must follow the name of the action')
  }
  return { name: text.slice(0, colon), text: text.slice(colon + 1) }
}

/**
 * Formats the tables as uWSGI prints them at start (2.0.21, core/routing.c, uwsgi_routing_dump).
 *
 * @returns lines; none for a chain without rules
 */
export function describeRules(chains: Record<ChainName, readonly RuleText[]>): string[] {
  return CHAIN_NAMES.flatMap(name => {
    const rules = chains[name]
    if (rules.length === 0) return []
    const kind = name === 'request' ? '' : `${name} `
    return [
      `*** dumping internal ${kind}routing table ***`,
      ...rules.map((rule, index) => `[rule: ${index}] ${describeRule(rule)}`),
      `*** end of the internal ${kind}routing table ***`,
    ]
  })
}

function describeRule({ given, rule }: RuleText): string {
  if (rule === undefined) return `label: ${given.value}`
  const action = `action: ${rule.action.name}:${rule.action.text}`
  const { test } = rule
  switch (test.kind) {
    case 'always':
      return action
    case 'match':
      return `subject: ${test.subject} regexp: ${test.pattern} ${action}`
    case 'status':
      return `subject: ${test.status} func: ${test.status} ${action}`
    case 'condition': {
      const sign = test.isNegated ? '!' : ''
      return `subject: ${test.text} func: ${sign}${test.name} ${action}`
    }
  }
}
