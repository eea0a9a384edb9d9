/**
 * Proving to a server that we have the secret, and making sure that it has it, too.
 */

import { UndercroftError } from '../base/index.ts'
import {
  CHALLENGE_COMMAND,
  type DictionaryPair,
  encodeDictionaryPacket,
  isSameProof,
  LOGIN_COMMAND,
  MODIFIER1_CACHE,
  MODIFIER2_MAGIC,
  makeNonce,
  NONCE_SIZE,
  proofOf,
} from '../protocols/uwsgi/index.ts'
import type { Reply } from './reply.ts'

type Buffers = readonly Uint8Array[]

/** One login on one connection: what to send after each reply. */
export class Login {
  readonly #secret: Uint8Array
  readonly #from: string
  readonly #nonce = makeNonce()
  #hasBegun = false
  #challenge: Buffer | undefined

  /** @param from - The server's address, for messages. */
  constructor(secret: Uint8Array, from: string) {
    this.#secret = secret
    this.#from = from
  }

  get hasBegun(): boolean {
    return this.#hasBegun
  }

  begin(): Buffers {
    this.#hasBegun = true
    return request([['cmd', CHALLENGE_COMMAND]])
  }

  /**
   * What to send next; undefined: done, both have the secret.
   *
   * @throws UndercroftError `UNDERCROFT_ACCESS_DENIED`.
   */
  next({ fields }: Reply): Buffers | undefined {
    const status = fields.get('status')?.toString('latin1')
    if (status !== 'ok') throw this.#denied(REFUSALS.get(String(fields.get('reason'))) ?? NOT_ASKED)
    if (this.#challenge === undefined) {
      // The rest of the chunk that it came in is not to be kept with it.
      this.#challenge = Buffer.from(fields.get('challenge') ?? '')
      if (this.#challenge.length !== NONCE_SIZE) throw this.#denied(NOT_ASKED)
      const proof = proofOf('client', this.#secret, this.#challenge, this.#nonce)
      return request([
        ['cmd', LOGIN_COMMAND],
        ['nonce', this.#nonce],
        ['proof', proof],
      ])
    }
    const expected = proofOf('server', this.#secret, this.#challenge, this.#nonce)
    if (isSameProof(fields.get('proof'), expected)) return undefined
    throw this.#denied('it does not know the secret itself, so something else answers there')
  }

  /** It ended the connection in between, as a uWSGI does, and a server that is full. */
  closed(): UndercroftError {
    return new UndercroftError(
      'UNDERCROFT_CONNECTION',
      `${this.#from} closed the connection within the login: is it an undercroft server that ` +
        'asks for a secret at this address, and are we allowed there?',
    )
  }

  #denied(what: string): UndercroftError {
    const message = `${this.#from} let us not in: ${what}`
    return new UndercroftError('UNDERCROFT_ACCESS_DENIED', message)
  }
}

const NOT_ASKED =
  'it asks for no secret at this address; leave out the option secret, or check the address'

const REFUSALS: ReadonlyMap<string, string> = new Map([
  ['secret', 'it has another secret at this address'],
])

function request(pairs: readonly DictionaryPair[]): Buffers {
  return encodeDictionaryPacket(MODIFIER1_CACHE, MODIFIER2_MAGIC, [...pairs, ['keep', '1']])
}
