/**
 * Replication of a cache, as its definition requests: copying its content from another node at
 * start, receiving changes and sending changes.
 */

import type { ReplicableCache } from '../../base/index.ts'
import { secretOfProcess } from '../../net/index.ts'
import { receiveReplicas, replicate, syncFrom } from '../../replication/index.ts'
import { type CacheDefinition, formatAddress, parseAddress } from '../../uwsgi/options/index.ts'

/** Stops the replication. */
export type StopFollowing = () => void

/**
 * Resolves when the content is copied or known to be unavailable, and every address is listened on.
 */
export async function receiveChanges(
  cache: ReplicableCache,
  { name, udpServers, udpAllow, allowPublic, sync }: CacheDefinition,
  onLog: (line: string) => void,
): Promise<StopFollowing> {
  let stop = () => {}
  if (udpServers.length > 0) {
    const addresses = udpServers.map(text => formatAddress(parseAddress('udp', text)))
    const allow = udpAllow.length === 0 ? {} : { allow: udpAllow }
    const receiver = await receiveReplicas(cache, { addresses, allowPublic, ...allow, onLog })
    stop = () => receiver.close()
    for (const address of receiver.addresses) {
      onLog(`*** udp server for cache "${name}" running on ${address} ***`)
    }
    onLog(`udp server thread enabled for cache "${name}"`)
  }
  try {
    if (sync.length > 0) await syncFrom(cache, sync, { onLog, ...secretOfProcess() })
    return stop
  } catch (error) {
    stop()
    throw error
  }
}

/** Sends each change made through this object to the nodes, from now on. */
export async function sendChanges(
  cache: ReplicableCache,
  { nodes }: CacheDefinition,
  onLog: (line: string) => void,
): Promise<StopFollowing> {
  if (nodes.length === 0) return () => {}
  const replication = await replicate(cache, { nodes, onLog })
  return () => replication.close()
}
