/**
 * The compiled form of a rule, and what the code that compiles its parts gets.
 */

import type { Awaitable } from '../../base/index.ts'
import type { ActionResult, RuleContext, RuleDeps } from './rule-context.ts'
import type { ChainName } from './rule-text.ts'

/** A compiled action. */
export type Action = (context: RuleContext) => Awaitable<ActionResult>

/** A compiled condition. A regular expression leaves its groups in the context. */
export type Condition = (context: RuleContext) => Awaitable<boolean>

/** What is visible to a rule while it is compiled. */
export interface RuleScope {
  readonly chain: ChainName
  /** The rule as written. */
  readonly value: string
  /** The rule's position in its chain. */
  readonly index: number
  /** Labels of the chain and their positions. */
  readonly labels: ReadonlyMap<string, number>
  /** Names of the caches that the configuration makes. */
  readonly cacheNames: ReadonlySet<string>
  /** Text of a request may name files that begin with a dot. */
  readonly servesDotfiles: boolean
  readonly deps: RuleDeps
  /** Reports a probable mistake to the author of the rule. */
  warn(text: string): void
}

/** One entry in the table of actions. */
export interface ActionKind {
  /** The chains that may use the action. */
  readonly chains: readonly ChainName[]
  compile(text: string, scope: RuleScope): Action
}

/** What is wrong with a rule. The caller, which knows where the rule stands, adds the place. */
export class RuleError extends Error {}

/** Applies `use` synchronously unless the value is a promise of a remote cache. */
export function whenKnown<T, R>(
  value: Awaitable<T>,
  use: (known: T) => Awaitable<R>,
): Awaitable<R> {
  return value instanceof Promise ? value.then(use) : use(value)
}
