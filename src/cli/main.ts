#!/usr/bin/env node

/**
 * The `undercroft` command: connects `run` to this process, to real caches and to real sockets.
 */

import { UndercroftError } from '../base/index.ts'
import { Cache } from '../cache/index.ts'
import { RemoteCache } from '../client/index.ts'
import { readSecretFile } from '../net/index.ts'
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
import { listSegments } from '../segment/index.ts'
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

function isMissing(error: unknown): error is UndercroftError {
  return error instanceof UndercroftError && error.code === 'UNDERCROFT_NO_SUCH_CACHE'
}

/** The commands cannot create a cache, so the error names the one that can. */
function explainMissing(error: unknown, name: string): unknown {
  if (!isMissing(error)) return error
  const remedy = name.includes('/')
    ? 'undercroft list shows what there is'
    : `create it with: undercroft serve --cache2 name=${name},items=10000`
  const message = `there is no cache "${name}" on this machine; ${remedy}`
  return new UndercroftError(error.code, message, { cause: error })
}

/** What `serve` needs: it opens caches, listens on sockets and runs a master with workers. */
const serveHost: ServeHost = {
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

/**
 * Opens a local cache by its name, or connects to a remote cache. A name without an instance is a
 * shared cache, or else the cache of the only instance that has one of that name.
 */
async function openTarget(address: TargetAddress): Promise<CommandTarget> {
  const { name, remote, secretFile, directory } = address
  if (remote !== undefined) {
    const secret =
      secretFile === undefined ? {} : { secret: readSecretFile('--secret-file', secretFile) }
    return RemoteCache.connect(`${name}@${formatAddress(remote)}`, secret)
  }
  const open = (name: string) =>
    Cache.open<Uint8Array>({
      name,
      memory: 'shared',
      ...(directory === undefined ? {} : { directory }),
    })
  try {
    return open(name)
  } catch (error) {
    const others = listSegments(directory).filter(other => other.endsWith(`/${name}`))
    const [only] = others
    if (only === undefined || !isMissing(error)) throw explainMissing(error, name)
    if (others.length === 1) return open(only)
    throw new UndercroftError(
      'UNDERCROFT_NO_SUCH_CACHE',
      `several instances have a cache "${name}": name one of ${others.join(', ')}`,
    )
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
