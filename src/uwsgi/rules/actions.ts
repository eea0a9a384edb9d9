/**
 * The table of actions.
 */

import { formatSuggestion } from '../../base/index.ts'
import { CACHE_ACTIONS } from './cache-actions.ts'
import { FILE_ACTIONS } from './file-actions.ts'
import { FLOW_ACTIONS } from './flow-actions.ts'
import { HEADER_ACTIONS } from './header-actions.ts'
import { type Act, type ActionKind, type RuleContext, RuleError } from './rule.ts'
import type { ActionText } from './rule-text.ts'
import { STORE_ACTIONS } from './store-actions.ts'

/** By name. */
export const ACTIONS: ReadonlyMap<string, ActionKind> = new Map(
  [FLOW_ACTIONS, HEADER_ACTIONS, CACHE_ACTIONS, STORE_ACTIONS, FILE_ACTIONS].flatMap(group =>
    Object.entries(group),
  ),
)

/** Throws RuleError for an unknown action, or one that makes no sense in this chain. */
export function compileAction({ name, text }: ActionText, context: RuleContext): Act {
  const kind = ACTIONS.get(name)
  if (kind === undefined) {
    throw refused(`there is no action "${name}"${formatSuggestion(name, ACTIONS.keys())}`, context)
  }
  if (!kind.chains.includes(context.chain)) {
    throw refused(`${name} cannot be used in the ${context.chain} chain`, context)
  }
  return kind.compile(text, context)
}

function refused(reason: string, { value }: RuleContext): RuleError {
  return new RuleError(`unable to register route "${value}": ${reason}`)
}
