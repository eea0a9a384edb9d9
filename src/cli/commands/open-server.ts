/**
 * The seam between `serve` and what it serves: caches made from definitions, sockets that listen,
 * a master with its workers.
 */

import { listenStats, openKeptCache, runMaster } from '../../runner/index.ts'
import { serveCaches } from '../../server/index.ts'
import { formatAddress, parseAddress } from '../../uwsgi/options/index.ts'
import type { ServeHost } from '../environment.ts'

/** Makes real caches, real sockets and real processes. */
export const serveHost: ServeHost = {
  openCache: (definition, directory, onLog) =>
    openKeptCache(definition, { directory, isServing: true, onLog }),
  async listen({ address, allowPublic, access }, caches, { mode, ...limits }) {
    const server = await serveCaches(caches, {
      listen: {
        ...access,
        address: formatAddress(address),
        allowPublic,
        ...(mode !== undefined && address.kind === 'unix' ? { mode } : {}),
      },
      ...limits,
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
