/**
 * Who may use a socket, with what its files say: read once, by whoever starts first and as whom it
 * starts, because those who serve later may be users without a right to the file.
 */

import type { AccessOptions } from '../../net/index.ts'
import type { SocketAccess } from '../../uwsgi/options/index.ts'
import type { PlannedSocket } from './plan-sockets.ts'
import { readSecretFile } from './secret-file.ts'

export function readAccess({ label, access }: PlannedSocket): AccessOptions {
  const { readOnly, allow, secretFile }: SocketAccess = access
  const secret =
    secretFile === undefined ? undefined : readSecretFile(`${label}: secret_file`, secretFile)
  return {
    readOnly,
    ...(allow === undefined ? {} : { allow }),
    ...(secret === undefined ? {} : { secret }),
  }
}
