/**
 * The machine as `serve` needs it: caches, sockets, and a master with workers.
 */

import { listenStats, runMaster, ServedCache, startInstance } from '../runner/index.ts'
import { serveCaches } from '../server/index.ts'
import { formatAddress, parseAddress } from '../uwsgi/options/index.ts'
import type { ServeHost } from './environment.ts'

export const NODE_SERVE_HOST: ServeHost = {
  openCache: (definition, place, onLog) =>
    ServedCache.open(definition, { ...place, isServing: true, onLog }),
  startInstance,
  async listen({ address, allowPublic, access }, caches, { mode, ...limits }, onLog) {
    const server = await serveCaches(caches, {
      listen: {
        ...access,
        address: formatAddress(address),
        allowPublic,
        ...(mode !== undefined && address.kind === 'unix' ? { mode } : {}),
      },
      ...limits,
      onLog,
    })
    const [bound] = server.addresses
    return {
      address: parseAddress('socket', bound ?? ''),
      close: () => server.close(),
    }
  },
  listenStats,
  runMaster,
}
