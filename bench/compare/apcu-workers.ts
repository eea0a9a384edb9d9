/**
 * APCu as a candidate: processes of PHP that share its memory, as those of PHP-FPM do, with the
 * opcode cache that PHP-FPM has.
 */

import { join } from 'node:path'
import { ROOT } from '../../testing/root.ts'
import type { Scope } from '../../testing/scope.ts'
import { startJsonWorkers } from './json-workers.ts'
import type { WorkerOptions, WorkerPair } from './worker-processes.ts'

const SCRIPT = join(ROOT, 'bench/compare/apcu.php')
/** Twice what the items of this workload take there, so that nothing is cleared. */
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
