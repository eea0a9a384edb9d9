/**
 * APCu as a candidate: PHP processes that share its memory and use the opcode cache, like those of
 * PHP-FPM.
 */

import { join } from 'node:path'
import { ROOT } from '../../testing/root.ts'
import type { Scope } from '../../testing/scope.ts'
import { startJsonWorkers } from './json-workers.ts'
import type { WorkerOptions, WorkerPair } from './worker-processes.ts'

const SCRIPT = join(ROOT, 'bench/compare/apcu.php')
/** Twice the size of an item of this workload in APCu, so that APCu never clears its memory. */
const BYTES_AN_ITEM = 1024

export function startApcuWorkers(
  scope: Scope,
  command: string,
  options: WorkerOptions,
): Promise<WorkerPair> {
  const { itemCount } = options.location
  const settings = {
    'apc.enable_cli': 1,
    'apc.shm_size': Math.max(2 ** 20, itemCount * BYTES_AN_ITEM),
    'apc.entries_hint': itemCount,
    'opcache.enable_cli': 1,
    memory_limit: -1,
  }
  const args = Object.entries(settings).flatMap(([name, value]) => ['-d', `${name}=${value}`])
  return startJsonWorkers(scope, { name: 'apcu', command, args: [...args, SCRIPT] }, options)
}
