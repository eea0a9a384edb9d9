/**
 * The seam between commands and caches: what `--cache` names becomes a cache to work on.
 */

import { UndercroftError } from '../base/index.ts'
import type { CommandTarget, TargetAddress } from './environment.ts'

/** Opens a local cache by its name, or connects to a remote one. */
export async function openTarget(address: TargetAddress): Promise<CommandTarget> {
  const kind = address.remote === undefined ? 'local' : 'remote'
  throw new UndercroftError(
    'UNDERCROFT_SHARING_UNAVAILABLE',
    `this build cannot open the ${kind} cache "${address.name}"`,
  )
}
