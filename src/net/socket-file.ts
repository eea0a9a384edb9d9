/**
 * The file of a Unix socket: taking its path, and giving it up.
 *
 * 1. The socket is bound in a private directory beside the path and gets its mode there. Killed
 *    here: an empty-looking directory remains, no client ever saw a socket with a wider mode.
 * 2. It is renamed to the path, replacing a file that nothing listens on.
 * 3. On release the file is removed if it is still ours, not that of a server started since.
 */

import { chmod, lstat, mkdtemp, rename, rmdir, unlink } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { MAX_UNIX_PATH_SIZE, UndercroftError } from '../base/index.ts'

export interface SocketFile {
  readonly release: () => Promise<void>
}

export async function bindSocketFile(
  path: string,
  mode: number,
  bind: (path: string) => Promise<void>,
): Promise<SocketFile> {
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
    const ours = await lstat(temporary)
    await rename(temporary, path)
    return { release: () => removeIfSame(path, ours) }
  } finally {
    await rmdir(directory)
  }
}

const TEMPORARY_PREFIX = '.u'

interface FileIdentity {
  readonly dev: number
  readonly ino: number
}

async function removeIfSame(path: string, ours: FileIdentity): Promise<void> {
  const present = await lstat(path).catch(() => undefined)
  if (present?.dev === ours.dev && present.ino === ours.ino) await unlink(path)
}

/** A socket file outlives its server when that is killed; only a connect tells them apart. */
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

/** The code of the error; undefined: connected. */
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
