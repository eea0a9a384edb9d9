/**
 * The words of a login with a shared secret, and the proofs.
 *
 * The server sends a challenge, the client a nonce. Each proves with both that it has the secret,
 * which itself never travels. The client proves first, so a client without the secret gets nothing
 * that was computed from it. The rest of the connection is neither encrypted nor authenticated:
 * docs/guide/limits-and-access.md says what that means.
 */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { invalidOption } from '../../base/index.ts'

/** Asks for a challenge; the reply has `challenge`. Modifier2 17, unknown to uWSGI. */
export const CHALLENGE_COMMAND = 'challenge'
/** Carries `nonce` and `proof`; the reply has the server's `proof`. Unknown to uWSGI. */
export const LOGIN_COMMAND = 'login'

/** Bytes of a challenge and of a nonce. */
export const NONCE_SIZE = 32

/** A client that has seen one login can guess a shorter secret. */
const MIN_SECRET_SIZE = 16
const MAX_SECRET_SIZE = 1024

/** A secret in options: a string (its UTF-8) or bytes. */
export type SecretOption = string | Uint8Array

export function requireSecret(name: string, given: unknown): Buffer {
  const bytes = secretBytes(given)
  const size = bytes?.length ?? 0
  if (bytes !== undefined && size >= MIN_SECRET_SIZE && size <= MAX_SECRET_SIZE) return bytes
  const allowed = `a secret of ${MIN_SECRET_SIZE} to ${MAX_SECRET_SIZE} bytes`
  // The message ends up in logs, so it says the size and never the secret.
  throw invalidOption(name, allowed, bytes && new Uint8Array(size))
}

function secretBytes(given: unknown): Buffer | undefined {
  if (typeof given === 'string') return Buffer.from(given)
  return given instanceof Uint8Array ? Buffer.from(given) : undefined
}

export function makeNonce(): Buffer {
  return randomBytes(NONCE_SIZE)
}

/**
 * Computes a proof from the secret and both nonces. Each side has a word of its own, so a proof
 * cannot be echoed.
 */
export function proofOf(
  side: 'client' | 'server',
  secret: Uint8Array,
  challenge: Uint8Array,
  nonce: Uint8Array,
): Buffer {
  const hmac = createHmac('sha256', secret).update(`undercroft login ${side}\0`, 'latin1')
  return hmac.update(challenge).update(nonce).digest()
}

/** Compares in a time that does not depend on which bytes differ. */

export function isSameProof(given: Uint8Array | undefined, expected: Uint8Array): boolean {
  return given?.length === expected.length && timingSafeEqual(given, expected)
}
