/**
 * A request that is only its variables, for what can be decided without HTTP.
 */

import { Exchange, type World } from '../../../src/uwsgi/rules/exchange.ts'
import type { RouterHost } from '../../../src/uwsgi/rules/index.ts'
import type { RuleContext } from '../../../src/uwsgi/rules/rule.ts'
import { givenVariables } from '../../../src/uwsgi/rules/variables.ts'
import { ManualClock } from '../../../testing/manual-clock.ts'

export const TEST_HOST: RouterHost = {
  clock: new ManualClock(),
  workerId: 3,
  pid: 4321,
  findCache: () => undefined,
  log: () => {},
}

const TEST_WORLD: World = {
  host: TEST_HOST,
  mimeTypes: { find: path => (path.endsWith('.png') ? 'image/png' : undefined) },
  logOnce: () => {},
}

/** For rules that stand alone. */
export const TEST_CONTEXT: RuleContext = {
  chain: 'request',
  value: '',
  index: 0,
  labels: new Map(),
  cacheNames: new Set(),
  world: TEST_WORLD,
  warn: () => {},
}

export function exchangeWith(variables: Readonly<Record<string, string>>): Exchange {
  return new Exchange(TEST_WORLD, givenVariables(new Map(Object.entries(variables))))
}
