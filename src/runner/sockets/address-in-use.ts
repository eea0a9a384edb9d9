/**
 * Saying which option asked for an address that somebody else has.
 */

import { UndercroftError } from '../../base/index.ts'
import { formatAddress } from '../../uwsgi/options/index.ts'
import type { PlannedSocket } from './plan-sockets.ts'

/** What `bind` gives; an error about an address in use names the option and the address. */
export async function explainingAddressInUse<T>(
  { label, address }: Pick<PlannedSocket, 'label' | 'address'>,
  bind: () => Promise<T>,
): Promise<T> {
  try {
    return await bind()
  } catch (error) {
    if (!isAddressInUse(error)) throw error
    const what = address.kind === 'tcp' ? `port ${address.port}` : `the socket ${address.path}`
    throw new UndercroftError(
      'UNDERCROFT_SYSTEM',
      `${label} ${formatAddress(address)}: ${what} is in use by another program`,
      { cause: error },
    )
  }
}

/** The system's code, on the error itself or on the one it came from. */
function isAddressInUse(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('code' in error && error.code === 'EADDRINUSE') || isAddressInUse(error.cause)
}
