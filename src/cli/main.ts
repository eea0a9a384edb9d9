#!/usr/bin/env node

/**
 * The `undercroft` command: connects `run` to this process, to real caches and to real sockets.
 *
 * Imports what only some commands use when they use it, because each module costs every start time.
 */

import { formatAddress } from '../uwsgi/options/index.ts'
import type {
  CommandEnvironment,
  CommandOutput,
  CommandTarget,
  TargetAddress,
} from './environment.ts'
import { nodeHostEnvironment } from './node-host-environment.ts'
import { run } from './run.ts'
import { nodeTopHost } from './top/node-top.ts'

const environment: CommandEnvironment = {
  stdin: process.stdin,
  stdout: streamOutput(process.stdout),
  stderr: streamOutput(process.stderr),
  host: nodeHostEnvironment(),
  serveHost: async () => (await import('./node-serve-host.ts')).NODE_SERVE_HOST,
  topHost: nodeTopHost(process.stdin, process.stdout),
  listCaches: async directory =>
    (await import('./local-caches.ts')).listLocalCaches(directory, warn),
  async destroyCache(name, directory) {
    const { destroySegment, segmentPath } = await import('../segment/index.ts')
    destroySegment(segmentPath(name, directory, undefined))
  },
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
  if (remote === undefined) {
    return (await import('./local-caches.ts')).openLocalCache(name, directory, warn)
  }
  const { RemoteCache } = await import('../client/index.ts')
  const { readSecretFile } = await import('../net/index.ts')
  const secret =
    secretFile === undefined ? {} : { secret: readSecretFile('--secret-file', secretFile) }
  return RemoteCache.connect(`${name}@${formatAddress(remote)}`, secret)
}

function warn(line: string): void {
  process.stderr.write(`undercroft: ${line}\n`)
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
