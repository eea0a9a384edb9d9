/**
 * The client's side of a login: proves that it has the secret, and checks that the server has it.
 */

import { UndercroftError } from '../../base/index.ts'
import {
  CHALLENGE_COMMAND,
  isSameProof,
  LOGIN_COMMAND,
  makeNonce,
  NONCE_SIZE,
  proofOf,
} from './login.ts'
import { type DictionaryPair, encodeDictionaryPacket } from './packet.ts'
import { MODIFIER1_CACHE, MODIFIER2_MAGIC } from './protocol.ts'

type Buffers = readonly Uint8Array[]

/** One login on one connection. Returns what to send after each reply. */
export class ClientLogin {
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
   * @returns what to send next, or undefined when both sides have proved the secret.
   *
   * @throws UndercroftError `UNDERCROFT_ACCESS_DENIED`.
   */
  next(fields: ReadonlyMap<string, Buffer>): Buffers | undefined {
    const status = fields.get('status')?.toString('latin1')
    if (status !== 'ok') throw this.#denied(REFUSALS.get(String(fields.get('reason'))) ?? NOT_ASKED)
    if (this.#challenge === undefined) {
      // A copy, because a view would keep the whole chunk in memory.
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
    throw this.#denied(
      'the server does not know the secret, so another program answers at this address',
    )
  }

  /** The server ended the connection during the login, as a uWSGI or a full server does. */
  closed(): UndercroftError {
    return new UndercroftError(
      'UNDERCROFT_CONNECTION',
      `${this.#from} closed the connection during the login: check that an undercroft server ` +
        'with a secret listens there, and that it allows the address of this machine',
    )
  }

  #denied(what: string): UndercroftError {
    const message = `${this.#from} denied access: ${what}`
    return new UndercroftError('UNDERCROFT_ACCESS_DENIED', message)
  }
}

const NOT_ASKED = 'this address needs no secret; remove the option secret, or check the address'

const REFUSALS: ReadonlyMap<string, string> = new Map([
  ['secret', 'the server has another secret at this address'],
])

function request(pairs: readonly DictionaryPair[]): Buffers {
  return encodeDictionaryPacket(MODIFIER1_CACHE, MODIFIER2_MAGIC, [...pairs, ['keep', '1']])
}
