/**
 * Real uWSGI as a candidate, in two mules: processes of uWSGI that share its cache.
 */

import { join } from 'node:path'
import { ROOT } from '../../testing/root.ts'
import type { Scope } from '../../testing/scope.ts'
import { startJsonWorkers } from './json-workers.ts'
import type { WorkerOptions, WorkerPair } from './worker-processes.ts'

const SCRIPT = join(ROOT, 'bench/compare/uwsgi.py')

/**
 * `uwsgi` is configured as its documentation shows, with LRU eviction as undercroft has by default.
 * `uwsgi-tight` is the fastest configuration for this workload: the smallest tables for its keys
 * and values, and no eviction.
 */
const OPTIONS = { uwsgi: 'purge_lru=1', 'uwsgi-tight': 'blocksize=256,keysize=64' } as const

export type UwsgiName = keyof typeof OPTIONS

export function startUwsgiWorkers(
  scope: Scope,
  name: UwsgiName,
  command: string,
  options: WorkerOptions,
): Promise<WorkerPair> {
  const { socketPath, itemCount } = options.location
  const items = itemCount + 1 // uWSGI never uses its first slot
  const cache = `name=bench,items=${items},${OPTIONS[name]}`
  const args = ['--master', '--die-on-term', '--socket', socketPath, '--cache2', cache]
  const mules = [`--mule=${SCRIPT}`, `--mule=${SCRIPT}`]
  return startJsonWorkers(scope, { name, command, args: [...args, ...mules] }, options)
}
