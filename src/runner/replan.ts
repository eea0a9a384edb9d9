/**
 * What a reload makes of a configuration that was read again: the plan that can apply now, what is
 * different in it, and what needs a restart. Plans in, plan out; nothing is opened here.
 *
 * Options that only the start can fulfil, and the sizes of caches that stay, keep their values, and
 * everything else of the new configuration applies.
 */

import {
  type CacheDefinition,
  cache2Name,
  checkOptions,
  formatAddress,
  type GivenOption,
  OPTION_TABLE,
  type OptionSet,
  requireRow,
  usageError,
} from '../uwsgi/options/index.ts'
import { planServe, type ServePlan } from './plan.ts'
import type { PlannedWorkers } from './plan-workers.ts'
import type { PlannedSocket } from './sockets/plan-sockets.ts'

/** A plan with workers. */
export type MasterPlan = ServePlan & { readonly workers: PlannedWorkers }

export interface Replan {
  readonly plan: MasterPlan
  /** What is different, in words; empty: nothing. */
  readonly changes: readonly string[]
  /** What keeps its value until a restart, in words. */
  readonly needsRestart: readonly string[]
}

/**
 * Options that the start alone can fulfil: the user is dropped for good, the log and the pidfile
 * are open, and the caches that `cache` describes share its options.
 */
const START_OPTIONS: ReadonlySet<string> = new Set([
  ...[
    'uid',
    'gid',
    'pidfile',
    'safe-pidfile',
    'umask',
    'master-fifo',
    'daemonize',
    'daemonize2',
    'directory',
    'logto',
    'logto2',
    'log-date',
    'json',
  ],
  ...[
    'stats',
    'stats-http',
    'stats-minified',
    'allow-public',
    'chmod-socket',
    'chown-socket',
    'reuse-port',
    'instance',
    'check-interval',
  ],
])

/**
 * Options of the group `caches` that may change: the definitions, and what is stored in new ones.
 */
const CHANGING_CACHE_OPTIONS: ReadonlySet<string> = new Set(['cache2'])

/** @throws UndercroftError `UNDERCROFT_OPTION_INVALID`; the present plan then stays */
export function replan(current: MasterPlan, wanted: ServePlan): Replan {
  const kept = OPTION_TABLE.rows.map(row => row.name).filter(isOfStart)
  const changedCaches = findChangedCaches(current.caches, wanted.caches)
  const needsRestart = [
    ...kept.filter(name => differs(current.options, wanted.options, name)),
    ...changedCaches.map(name => `cache "${name}"`),
  ]
  const options = [
    ...current.options.inOrder.filter(given => isOfStart(firstName(given))),
    ...wanted.options.inOrder
      .filter(given => !isOfStart(firstName(given)))
      .map(given => keepDefinition(given, current.options, changedCaches)),
  ]
  // The instance keeps its name, under which its caches are open.
  const { instance } = current
  const plan = { ...planServe(checkOptions(OPTION_TABLE, options).options, []), instance }
  const { workers } = plan
  if (workers === undefined) {
    throw usageError('the new configuration has no workers, which needs a restart')
  }
  return { plan: { ...plan, workers }, changes: describeChanges(current, plan), needsRestart }
}

function isOfStart(name: string): boolean {
  if (START_OPTIONS.has(name)) return true
  const { group } = requireRow(OPTION_TABLE, name)
  return group === 'caches' && !CHANGING_CACHE_OPTIONS.has(name)
}

function firstName({ name }: GivenOption): string {
  return OPTION_TABLE.byName.get(name)?.name ?? name
}

function differs(left: OptionSet, right: OptionSet, name: string): boolean {
  return valuesOf(left, name) !== valuesOf(right, name)
}

function valuesOf({ given }: OptionSet, name: string): string {
  return JSON.stringify((given.get(name) ?? []).map(({ value }) => value))
}

/** Caches of both plans that cannot stay as they are. Preloads are stored at the start only. */
function findChangedCaches(
  current: readonly CacheDefinition[],
  wanted: readonly CacheDefinition[],
): string[] {
  return current.flatMap(old => {
    const now = wanted.find(({ name }) => name === old.name)
    return now === undefined || shapeOf(now) === shapeOf(old) ? [] : [old.name]
  })
}

function shapeOf(definition: CacheDefinition): string {
  const { preloads: _stored, sweepSeconds: _sweep, cycleSeconds: _cycle, ...shape } = definition
  return JSON.stringify(shape, (_, value) => (typeof value === 'bigint' ? String(value) : value))
}

/** A cache that changed keeps the definition that it was opened with. */
function keepDefinition(
  given: GivenOption,
  { given: current }: OptionSet,
  changed: readonly string[],
): GivenOption {
  if (firstName(given) !== 'cache2') return given
  const name = cache2Name(given)
  if (!changed.includes(name)) return given
  return current.get('cache2')?.find(old => cache2Name(old) === name) ?? given
}

function describeChanges(before: ServePlan, after: ServePlan): string[] {
  const cacheNames = (plan: ServePlan) => plan.caches.map(({ name }) => `cache "${name}"`)
  const socketNames = (plan: ServePlan) => plan.sockets.map(keyOfSocket)
  const parts = ['cache2', 'socket', 'http', 'http-socket', 'https', 'https-socket', 'processes']
  const other = OPTION_TABLE.rows
    .map(row => row.name)
    .filter(name => !parts.includes(name) && differs(before.options, after.options, name))
  const [old, now] = [before.workers?.processes, after.workers?.processes]
  return [
    ...describeSets(cacheNames(before), cacheNames(after)),
    ...describeSets(socketNames(before), socketNames(after)),
    ...(old === now ? [] : [`processes: ${old} to ${now}`]),
    ...(other.length === 0 ? [] : [`changed: ${other.join(', ')}`]),
  ]
}

function describeSets(before: readonly string[], after: readonly string[]): string[] {
  return [
    ...after.filter(name => !before.includes(name)).map(name => `new: ${name}`),
    ...before.filter(name => !after.includes(name)).map(name => `gone: ${name}`),
  ]
}

/** Two sockets with the same key are the same socket, which stays open. */
export function keyOfSocket({ protocol, address }: PlannedSocket): string {
  return `${protocol} socket ${formatAddress(address)}`
}
