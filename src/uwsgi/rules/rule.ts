/**
 * What a rule is once it is compiled, and what those who compile its parts are given.
 */

import type { Exchange, World } from './exchange.ts'
import type { Flow } from './flow.ts'
import type { Later } from './host.ts'
import type { ChainName } from './rule-text.ts'

/** An action, compiled. */
export type Act = (exchange: Exchange) => Later<Flow>

/** A condition, compiled. A regular expression leaves its groups in the exchange. */
export type Condition = (exchange: Exchange) => Later<boolean>

/** What compiling one rule may need. */
export interface RuleContext {
  readonly chain: ChainName
  /** The rule as written. */
  readonly value: string
  /** The rule's place in its chain. */
  readonly index: number
  /** Labels of the chain and their places. */
  readonly labels: ReadonlyMap<string, number>
  /** Names of the caches that the configuration makes. */
  readonly cacheNames: ReadonlySet<string>
  readonly world: World
  /** Tells the rule's author what is probably a mistake. */
  warn(text: string): void
}

/** An action as the table of actions has it. */
export interface ActionKind {
  /** Where it makes sense. */
  readonly chains: readonly ChainName[]
  compile(text: string, context: RuleContext): Act
}

/** What is wrong with a rule; whoever knows where the rule stands adds that. */
export class RuleError extends Error {}

/** For actions and conditions that wait for a cache only if it is far away. */
export function whenKnown<T, R>(value: Later<T>, use: (known: T) => Later<R>): Later<R> {
  return value instanceof Promise ? value.then(use) : use(value)
}
