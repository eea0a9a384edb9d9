/**
 * The machine as `serve` needs it: caches, sockets, and a master with workers.
 */

import {
  isDaemon,
  listenStats,
  openLogFile,
  reportServing,
  runMaster,
  ServedCache,
  ServiceManager,
  startDaemon,
  startInstance,
  writeLogLine,
} from '../runner/index.ts'
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
  openLog(path) {
    if (path !== undefined) openLogFile(path)
    return writeLogLine
  },
  isDaemon,
  startDaemon,
  reportServing() {
    reportServing()
    // A master has spoken for itself, and then this has no one to speak to.
    new ServiceManager(line => process.stderr.write(`${line}\n`)).ready()
  },
  runMaster,
}
