#!/usr/bin/env node

/**
 * The `undercroft` command: connects `run` to this process, to real caches and to real sockets.
 *
 * Imports what only some commands use when they use it, because each module costs every start time.
 */

import { formatSuggestion, UndercroftError } from '../base/index.ts'
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

function isMissing(error: unknown): error is UndercroftError {
  return error instanceof UndercroftError && error.code === 'UNDERCROFT_NO_SUCH_CACHE'
}

/** The commands cannot create a cache, so the error names the one that can. */
function explainMissing(error: unknown, name: string, names: readonly string[]): unknown {
  if (!isMissing(error)) return error
  const remedy = name.includes('/')
    ? 'undercroft list shows what there is'
    : `create it with: undercroft serve --cache2 name=${name},items=10000`
  const suggestion = formatSuggestion(name, names)
  const message = `there is no cache "${name}" on this machine${suggestion}; ${remedy}`
  return new UndercroftError(error.code, message, { cause: error })
}

const environment: CommandEnvironment = {
  stdin: process.stdin,
  stdout: streamOutput(process.stdout),
  stderr: streamOutput(process.stderr),
  host: nodeHostEnvironment(),
  serveHost: async () => (await import('./node-serve-host.ts')).NODE_SERVE_HOST,
  topHost: nodeTopHost(process.stdin, process.stdout),
  listCaches: async directory => (await import('../segment/index.ts')).listSegments(directory),
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

/**
 * Opens a local cache by its name, or connects to a remote cache. A name without an instance is a
 * shared cache, or else the cache of the only instance that has one of that name.
 */
async function openTarget(address: TargetAddress): Promise<CommandTarget> {
  const { name, remote, secretFile, directory } = address
  if (remote !== undefined) {
    const { RemoteCache } = await import('../client/index.ts')
    const { readSecretFile } = await import('../net/index.ts')
    const secret =
      secretFile === undefined ? {} : { secret: readSecretFile('--secret-file', secretFile) }
    return RemoteCache.connect(`${name}@${formatAddress(remote)}`, secret)
  }
  const { Cache } = await import('../cache/index.ts')
  const { listSegments } = await import('../segment/index.ts')
  const open = (name: string) =>
    Cache.open<Uint8Array>({
      name,
      memory: 'shared',
      ...(directory === undefined ? {} : { directory }),
    })
  try {
    return open(name)
  } catch (error) {
    const names = listSegments(directory)
    const others = names.filter(other => other.endsWith(`/${name}`))
    const [only] = others
    if (only === undefined || !isMissing(error)) throw explainMissing(error, name, names)
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
