/**
 * The seam between commands and caches: what `--cache` names becomes a cache to work on.
 */

import { Cache } from '../../cache/index.ts'
import { RemoteCache } from '../../client/index.ts'
import { readSecretFile } from '../../runner/index.ts'
import { formatAddress } from '../../uwsgi/options/index.ts'
import type { CommandTarget, TargetAddress } from '../environment.ts'

/** Opens a local cache by its name, or connects to a remote one. */
export async function openTarget(address: TargetAddress): Promise<CommandTarget> {
  const { name, remote, secretFile, directory } = address
  if (remote !== undefined) {
    const secret =
      secretFile === undefined ? {} : { secret: readSecretFile('--secret-file', secretFile) }
    return RemoteCache.connect(`${name}@${formatAddress(remote)}`, secret)
  }
  return Cache.open({ name, memory: 'shared', ...(directory === undefined ? {} : { directory }) })
}
