/**
 * A request that is only its variables, for what can be decided without HTTP.
 */

import { CacheUses } from '../../../src/uwsgi/rules/cache-uses.ts'
import type { RouterDeps } from '../../../src/uwsgi/rules/index.ts'
import type { RuleScope } from '../../../src/uwsgi/rules/rule.ts'
import { RuleContext, type RuleDeps } from '../../../src/uwsgi/rules/rule-context.ts'
import { givenVariables } from '../../../src/uwsgi/rules/variables.ts'
import { ManualClock } from '../../../testing/manual-clock.ts'

export const TEST_ROUTER_DEPS: RouterDeps = {
  clock: new ManualClock(),
  workerId: 3,
  pid: 4321,
  findCache: () => undefined,
  log: () => {},
}

export const TEST_DEPS: RuleDeps = {
  ...TEST_ROUTER_DEPS,
  mimeTypes: { find: path => (path.endsWith('.png') ? 'image/png' : undefined) },
  files: { indexes: [], expiresAtMs: () => undefined },
  logOnce: () => {},
  leases: { acquireOrWait: () => undefined },
}

/** For rules that stand alone. */
export const TEST_SCOPE: RuleScope = {
  chain: 'request',
  value: '',
  index: 0,
  labels: new Map(),
  cacheNames: new Set(),
  cacheUses: new CacheUses(new Set()),
  servesDotfiles: false,
  deps: TEST_DEPS,
  warn: () => {},
}

export function contextWith(variables: Readonly<Record<string, string>>): RuleContext {
  return new RuleContext(TEST_DEPS, givenVariables(new Map(Object.entries(variables))))
}
