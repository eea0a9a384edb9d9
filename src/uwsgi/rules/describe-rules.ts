/**
 * The tables as uWSGI prints them at start (2.0.21, core/routing.c, uwsgi_routing_dump).
 */

import { CHAIN_NAMES, type ChainName, type RuleText } from './rule-text.ts'

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
