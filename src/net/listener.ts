/**
 * Listening on TCP addresses and Unix sockets.
 *
 * A server takes and gives up the path of a Unix socket in these steps:
 *
 * 1. It binds the socket in a private directory next to the path and sets the mode. Killed here:
 *    the directory remains, and no client has seen a socket with a wider mode.
 * 2. It renames the socket to the path, replacing a file that no process listens on. Killed here:
 *    the file remains, and the next server replaces it.
 * 3. On release it removes the file unless a later server has replaced it.
 */

import { chmod, lstat, mkdtemp, rename, rmdir, unlink } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { MAX_UNIX_PATH_SIZE, UndercroftError } from '../base/index.ts'
import { formatAddress, resolveBindHost } from './address.ts'
import type { ResolvedListener } from './listener-options.ts'

export interface Listening {
  /** As a client would write it, with the real port. */
  readonly address: string
  /** Removes what listening left in the file system. */
  release(): Promise<void>
}

export async function listen(
  server: Server,
  listener: Omit<ResolvedListener, 'access'> & { readonly reusePort?: true },
): Promise<Listening> {
  const { address, fd } = listener
  try {
    if (fd !== undefined) {
      await startListening(server, { fd })
      return { address: formatAddress(address), release: nothing }
    }
    if (address.kind === 'unix') {
      const release = await bindSocketFile(address.path, listener.mode, path =>
        startListening(server, { path }),
      )
      return { address: address.path, release }
    }
    const host = await resolveBindHost(address, listener.allowPublic)
    const reuse = listener.reusePort === undefined ? {} : { reusePort: true }
    await startListening(server, { host, port: address.port, ...reuse })
    return { address: formatAddress({ ...address, port: boundPort(server) }), release: nothing }
  } catch (error) {
    if (error instanceof UndercroftError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new UndercroftError(
      'UNDERCROFT_SYSTEM',
      `cannot listen on ${formatAddress(address)}: ${reason}`,
      { cause: error },
    )
  }
}

/** `node:net` documents `_handle` for passing a server on, and has no other name for it. */
export function descriptorOf(server: Server): number | undefined {
  const { _handle: handle }: { _handle?: { readonly fd?: number } } = Object(server)
  return handle?.fd !== undefined && handle.fd >= 0 ? handle.fd : undefined
}

type ListenTarget = { fd: number } | { path: string } | { host: string | undefined; port: number }

function startListening(server: Server, target: ListenTarget): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(target, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function boundPort(server: Server): number {
  const bound = server.address()
  return bound !== null && typeof bound === 'object' ? bound.port : 0
}

async function nothing(): Promise<void> {}

/** @returns what releases the path again. */
async function bindSocketFile(
  path: string,
  mode: number,
  bind: (path: string) => Promise<void>,
): Promise<() => Promise<void>> {
  await requireFree(path)
  const directory = await mkdtemp(join(dirname(path), TEMPORARY_PREFIX))
  try {
    const temporary = join(directory, 's')
    if (Buffer.byteLength(temporary) > MAX_UNIX_PATH_SIZE) {
      throw new UndercroftError(
        'UNDERCROFT_OPTION_INVALID',
        `the directory of ${path} is too long for a Unix socket; choose a shorter one`,
      )
    }
    await bind(temporary)
    await chmod(temporary, mode)
    const bound = await lstat(temporary)
    await rename(temporary, path)
    return () => removeIfSame(path, bound)
  } finally {
    await rmdir(directory)
  }
}

const TEMPORARY_PREFIX = '.u'

interface FileIdentity {
  readonly dev: number
  readonly ino: number
}

async function removeIfSame(path: string, bound: FileIdentity): Promise<void> {
  const present = await lstat(path).catch(() => undefined)
  if (present?.dev === bound.dev && present.ino === bound.ino) await unlink(path)
}

/** The socket file of a killed server stays. Only a connect shows that no process listens on it. */
async function requireFree(path: string): Promise<void> {
  const present = await lstat(path).catch(() => undefined)
  if (present === undefined) return
  if (!present.isSocket()) {
    throw new UndercroftError('UNDERCROFT_SYSTEM', `${path} exists and is not a socket`)
  }
  const failure = await tryConnect(path)
  if (failure === 'ECONNREFUSED' || failure === 'ENOENT') return
  const what = failure === undefined ? 'another server listens there' : failure
  throw new UndercroftError('UNDERCROFT_SYSTEM', `${path} is taken: ${what}`)
}

/** @returns the code of the error, or undefined when the connection was made. */
function tryConnect(path: string): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(undefined)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}
