/**
 * The words of a login with a shared secret, and the proofs: bytes only.
 *
 * The server gives a challenge, the client a nonce, and each proves with both that it has the
 * secret, which itself never travels. The client is first, so that nobody who does not have the
 * secret gets anything computed from it. What follows on the connection is neither encrypted nor
 * sealed: docs/guide/limits-and-access.md says what that means.
 */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { invalidOption } from '../../base/index.ts'

/** Asks for a challenge, answered with `challenge`. Modifier2 17, ours alone. */
export const CHALLENGE_COMMAND = 'challenge'
/** Carries `nonce` and `proof`, answered with the server's `proof`. Modifier2 17, ours alone. */
export const LOGIN_COMMAND = 'login'

/** Bytes of a challenge and of a nonce. */
export const NONCE_SIZE = 32

/** Shorter ones can be guessed by whoever has seen one login. */
const MIN_SECRET_SIZE = 16
const MAX_SECRET_SIZE = 1024

/** What a secret may be in options. */
export type SecretOption = string | Uint8Array

export function requireSecret(name: string, given: unknown): Buffer {
  const isBytes = typeof given === 'string' || given instanceof Uint8Array
  const bytes = isBytes ? Buffer.from(given as Uint8Array) : Buffer.alloc(0)
  if (bytes.length >= MIN_SECRET_SIZE && bytes.length <= MAX_SECRET_SIZE) return bytes
  const allowed = `a secret of ${MIN_SECRET_SIZE} to ${MAX_SECRET_SIZE} bytes`
  // Never the secret itself: messages end up in logs.
  throw invalidOption(name, allowed, isBytes ? new Uint8Array(bytes.length) : undefined)
}

export function makeNonce(): Buffer {
  return randomBytes(NONCE_SIZE)
}

/** What both nonces become with the secret; each side has a word of its own, so none is echoed. */
export function proofOf(
  side: 'client' | 'server',
  secret: Uint8Array,
  challenge: Uint8Array,
  nonce: Uint8Array,
): Buffer {
  const hmac = createHmac('sha256', secret).update(`undercroft login ${side}\0`, 'latin1')
  return hmac.update(challenge).update(nonce).digest()
}

/** Takes the same time whatever differs. */
export function isSameProof(given: Uint8Array | undefined, expected: Uint8Array): boolean {
  return given?.length === expected.length && timingSafeEqual(given, expected)
}
