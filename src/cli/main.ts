#!/usr/bin/env node

/**
 * The `undercroft` command: connects `run` to this process, to real caches and to real sockets.
 */

import { UndercroftError } from '../base/index.ts'
import { Cache } from '../cache/index.ts'
import { RemoteCache } from '../client/index.ts'
import { listenStats, readSecretFile, runMaster, ServedCache } from '../runner/index.ts'
import { serveCaches } from '../server/index.ts'
import { formatAddress, parseAddress } from '../uwsgi/options/index.ts'
import type {
  CommandEnvironment,
  CommandOutput,
  CommandTarget,
  ServeHost,
  TargetAddress,
} from './environment.ts'
import { nodeHostEnvironment } from './node-host-environment.ts'
import { run } from './run.ts'
import { nodeTopHost } from './top/node-top.ts'

/** The commands cannot create a cache, so the error names the one that can. */
function explainMissing(error: unknown, name: string): unknown {
  if (!(error instanceof UndercroftError) || error.code !== 'UNDERCROFT_NO_SUCH_CACHE') return error
  const remedy = `create it with: undercroft serve --cache2 name=${name},items=10000`
  const message = `there is no cache "${name}" on this machine; ${remedy}`
  return new UndercroftError(error.code, message, { cause: error })
}

/** What `serve` needs: it opens caches, listens on sockets and runs a master with workers. */
const serveHost: ServeHost = {
  openCache: (definition, directory, onLog) =>
    ServedCache.open(definition, { directory, isServing: true, onLog }),
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

const environment: CommandEnvironment = {
  stdin: process.stdin,
  stdout: streamOutput(process.stdout),
  stderr: streamOutput(process.stderr),
  host: nodeHostEnvironment(),
  serveHost,
  topHost: nodeTopHost(process.stdout),
  openTarget,
  untilStopped: () =>
    new Promise(resolve => {
      // Only once: a second signal of the same kind ends the process at once.
      process.once('SIGTERM', resolve)
      process.once('SIGINT', resolve)
    }),
}

process.exitCode = await run(process.argv.slice(2), environment)

/** Opens a local cache by its name, or connects to a remote cache. */
async function openTarget(address: TargetAddress): Promise<CommandTarget> {
  const { name, remote, secretFile, directory } = address
  if (remote !== undefined) {
    const secret =
      secretFile === undefined ? {} : { secret: readSecretFile('--secret-file', secretFile) }
    return RemoteCache.connect(`${name}@${formatAddress(remote)}`, secret)
  }
  try {
    return Cache.open<Uint8Array>({
      name,
      memory: 'shared',
      ...(directory === undefined ? {} : { directory }),
    })
  } catch (error) {
    throw explainMissing(error, name)
  }
}

function streamOutput(stream: NodeJS.WriteStream): CommandOutput {
  // The reader may be gone, as with `keys | head`. The rest of the output is lost then, but the
  // process continues: a server must outlive the terminal that watched it start.
  stream.on('error', () => {})
  return {
    isTTY: stream.isTTY === true,
    write: chunk => new Promise(resolve => stream.write(chunk, () => resolve())),
  }
}
