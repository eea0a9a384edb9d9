/**
 * A connection whose peer has yet to prove that it has the secret.
 *
 * The login takes its two packets and nothing else, within the time of one request. Then a
 * Connection serves the socket, with the bytes that have come meanwhile. A peer that speaks our
 * extension learns why it is refused; any other peer is closed, which is how uWSGI refuses.
 */

import type { Socket } from 'node:net'
import { Deadline, type DeadlineLimits } from '../../net/index.ts'
import {
  ByteSource,
  CHALLENGE_COMMAND,
  type DictionaryPair,
  encodeDictionaryPacket,
  HEADER_SIZE,
  isSameProof,
  LOGIN_COMMAND,
  MODIFIER1_CACHE,
  MODIFIER2_MAGIC,
  makeNonce,
  NONCE_SIZE,
  parseDictionary,
  parseHeader,
  proofOf,
  type RefusalReason,
} from '../../protocols/uwsgi/index.ts'
import { ignorePeerError, type OpenConnection } from './open-connection.ts'

/** The longest packet of a login. A packet that announces more is refused. */
const MAX_LOGIN_SIZE = 512

type Fields = ReadonlyMap<string, Buffer>

export class Login implements OpenConnection {
  readonly #socket: Socket
  readonly #secret: Buffer
  readonly #onDone: () => OpenConnection
  readonly #source = new ByteSource()
  readonly #deadline: Deadline
  #packetSize: number | undefined
  #challenge: Buffer | undefined
  #isOver = false
  #isDraining = false
  /** Has the socket once the login is done. */
  #successor: OpenConnection | undefined

  constructor(
    socket: Socket,
    secret: Buffer,
    limits: DeadlineLimits,
    onDone: () => OpenConnection,
  ) {
    this.#socket = socket
    this.#secret = secret
    this.#onDone = onDone
    this.#deadline = new Deadline(limits, () => socket.destroy())
    this.#deadline.wait('request', 0, 0)
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('close', this.#onClose)
    socket.on('error', ignorePeerError)
  }

  drain(): void {
    this.#isDraining = true
    this.#successor?.drain()
  }

  endIdle(): void {
    if (this.#successor === undefined) this.#socket.destroySoon()
    else this.#successor.endIdle()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#isOver) return
    this.#source.push(chunk)
    while (!this.#isOver && this.#takePacket());
  }

  /** After the peer's end no login can become complete. */
  readonly #onEnd = (): void => this.#end([])

  readonly #onClose = (): void => {
    this.#isOver = true
    this.#deadline.clear()
  }

  /** False: more bytes are needed. */
  #takePacket(): boolean {
    if (this.#packetSize === undefined) {
      const bytes = this.#source.take(HEADER_SIZE)
      if (bytes === undefined) return false
      const { modifier1, modifier2, packetSize } = parseHeader(bytes)
      const isOurs = modifier1 === MODIFIER1_CACHE && modifier2 === MODIFIER2_MAGIC
      if (!isOurs) {
        this.#end([])
        return false
      }
      this.#packetSize = packetSize
      if (packetSize > MAX_LOGIN_SIZE) this.#refuse()
      return true
    }
    const payload = this.#source.take(this.#packetSize)
    if (payload === undefined) return false
    this.#packetSize = undefined
    const { pairs, complete } = parseDictionary(payload)
    if (complete) this.#answer(new Map(pairs))
    else this.#end([])
    return true
  }

  #answer(fields: Fields): void {
    const command = fields.get('cmd')?.toString('latin1')
    const nonce = fields.get('nonce')
    if (fields.get('keep')?.toString('latin1') !== '1') this.#end([])
    else if (command === CHALLENGE_COMMAND && this.#challenge === undefined) {
      this.#challenge = makeNonce()
      this.#reply([['challenge', this.#challenge]])
    } else if (
      command === LOGIN_COMMAND &&
      this.#challenge !== undefined &&
      nonce?.length === NONCE_SIZE &&
      isSameProof(fields.get('proof'), this.#proof('client', this.#challenge, nonce))
    ) {
      this.#reply([['proof', this.#proof('server', this.#challenge, nonce)]])
      this.#handOver()
    } else this.#refuse()
  }

  #proof(side: 'client' | 'server', challenge: Buffer, nonce: Buffer): Buffer {
    return proofOf(side, this.#secret, challenge, nonce)
  }

  #reply(pairs: readonly DictionaryPair[]): void {
    for (const bytes of encodeReply([['status', 'ok'], ...pairs, ['keep', '1']])) {
      this.#socket.write(bytes)
    }
  }

  #refuse(): void {
    const reason: RefusalReason = 'secret'
    this.#end([
      ['status', 'refused'],
      ['reason', reason],
    ])
  }

  /** The peer's side is still read until it ends, or the kernel would drop the reply. */
  #end(pairs: readonly DictionaryPair[]): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#deadline.wait('end', 0, 0)
    if (pairs.length > 0) for (const bytes of encodeReply(pairs)) this.#socket.write(bytes)
    this.#socket.end()
  }

  #handOver(): void {
    this.#isOver = true
    this.#deadline.clear()
    const rest = this.#source.takeAll()
    this.#socket.off('data', this.#onData)
    this.#socket.off('end', this.#onEnd)
    this.#socket.off('close', this.#onClose)
    this.#socket.off('error', ignorePeerError)
    if (rest.length > 0) this.#socket.unshift(rest)
    this.#successor = this.#onDone()
    if (this.#isDraining) this.#successor.drain()
  }
}

function encodeReply(pairs: readonly DictionaryPair[]): readonly Uint8Array[] {
  return encodeDictionaryPacket(MODIFIER1_CACHE, MODIFIER2_MAGIC, pairs)
}
