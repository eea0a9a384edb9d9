/**
 * The file of a Unix socket, and its mode.
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
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { MAX_UNIX_PATH_SIZE, UndercroftError } from '../base/index.ts'

const TEMPORARY_PREFIX = '.u'

/** @returns what releases the path again */
export async function bindSocketFile(
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
