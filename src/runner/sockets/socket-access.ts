/**
 * Which clients may use a socket, including the secrets in its files. The first process reads the
 * files at the start, because the processes that serve later may run as users without access to
 * them.
 */

import { type AccessOptions, readSecretFile } from '../../net/index.ts'
import type { SocketAccess } from '../../uwsgi/options/index.ts'
import type { PlannedSocket } from './plan-sockets.ts'

export function readAccess({ label, access }: PlannedSocket): AccessOptions {
  const { readOnly, inspect, allow, secretFile }: SocketAccess = access
  const secret =
    secretFile === undefined ? undefined : readSecretFile(`${label}: secret_file`, secretFile)
  return {
    readOnly,
    ...(inspect === undefined ? {} : { inspect }),
    ...(allow === undefined ? {} : { allow }),
    ...(secret === undefined ? {} : { secret }),
  }
}
