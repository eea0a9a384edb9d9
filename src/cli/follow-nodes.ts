/**
 * What a cache has to do with other nodes, as its definition says: filled from one of them, told by
 * them, telling them.
 */

import type { ReplicableCache } from '../base/index.ts'
import { type CacheDefinition, formatAddress, parseAddress } from '../config/index.ts'
import { receiveReplicas, replicate, syncFrom } from '../server/index.ts'

/** Ends what {@link followNodes} began. */
export type StopFollowing = () => void

/** Done when the content is there, or known not to come, and every address is listened on. */
export async function followNodes(
  cache: ReplicableCache,
  definition: CacheDefinition,
  onLog: (line: string) => void,
): Promise<StopFollowing> {
  const { name, nodes, udpServers, sync } = definition
  const running: { close(): void }[] = []
  const stop = () => {
    for (const one of running.splice(0)) one.close()
  }
  try {
    if (udpServers.length > 0) {
      const addresses = udpServers.map(text => formatAddress(parseAddress('udp', text)))
      // The option names the address in full, which is the asking that a public one needs.
      const receiver = await receiveReplicas(cache, { addresses, allowPublic: true, onLog })
      running.push(receiver)
      for (const address of receiver.addresses) {
        onLog(`*** udp server for cache "${name}" running on ${address} ***`)
      }
      onLog(`udp server thread enabled for cache "${name}"`)
    }
    if (sync.length > 0) await syncFrom(cache, sync, { onLog })
    if (nodes.length > 0) {
      running.push(await replicate(cache, { nodes, onLog }))
      for (const node of nodes) onLog(`added udp node ${node} for cache "${name}"`)
    }
  } catch (error) {
    stop()
    throw error
  }
  return stop
}
