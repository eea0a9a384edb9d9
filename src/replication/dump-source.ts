/**
 * A dump on its way in: one request to one server, and the bytes in the order of their arrival.
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { UndercroftError } from '../base/index.ts'
import { type Address, Deadline, type DeadlineLimits, formatAddress } from '../net/index.ts'
import {
  type AnnouncedDump,
  ByteSource,
  ClientLogin,
  encodeDumpRequest,
  encodePacket,
  HEADER_SIZE,
  MODIFIER1_CACHE,
  MODIFIER2_DUMP,
  parseDictionary,
  parseDumpPairs,
  parseHeader,
} from '../protocols/uwsgi/index.ts'

/** Why there is no dump. The messages are uWSGI's, because scripts may look for them. */
export class DumpFailure extends Error {
  /** The server sent a dump, but this cache cannot use it as it is. */
  readonly hasDump: boolean

  constructor(message: string, hasDump = false) {
    super(message)
    this.hasDump = hasDump
  }
}

/** One request for a dump, and its time limits. */
export interface DumpRequest {
  readonly address: Address
  readonly cacheName: string
  /** Undefined: the server needs no login. */
  readonly secret: Uint8Array | undefined
  /** Asks for the whole geometry, which only undercroft servers send. */
  readonly wantsDetails: boolean
  readonly limits: DeadlineLimits
}

/** The bytes that follow the dictionary of a dump. */
export class DumpSource {
  readonly #socket: Socket
  readonly #chunks: AsyncIterator<Buffer>
  readonly #source = new ByteSource()
  readonly #deadline: Deadline
  /** Bytes received so far. */
  #receivedSize = 0
  /** Bytes received before the area. */
  #headSize = 0

  private constructor(socket: Socket, limits: DeadlineLimits) {
    this.#socket = socket
    this.#chunks = socket[Symbol.asyncIterator]()
    this.#deadline = new Deadline(limits, () => socket.destroy(new Error('timed out')))
  }

  /** Connects, sends the request, and reads the dictionary. */
  static async open(
    request: DumpRequest,
  ): Promise<{ source: DumpSource; announced: AnnouncedDump }> {
    const { address, cacheName, secret, wantsDetails, limits } = request
    const socket = address.kind === 'unix' ? connect(address.path) : connect(address)
    const source = new DumpSource(socket, limits)
    try {
      source.#deadline.wait('request', 0, 0)
      await once(socket, 'connect').catch(() => {
        throw new DumpFailure('unable to connect to the cache server')
      })
      if (secret !== undefined) await source.#logIn(secret, formatAddress(address))
      const payload = encodeDumpRequest(cacheName, wantsDetails)
      socket.write(encodePacket(MODIFIER1_CACHE, MODIFIER2_DUMP, payload))
      const { packetSize } = parseHeader(await source.take(HEADER_SIZE))
      const announced = parseDumpPairs(packetSize === 0 ? EMPTY : await source.take(packetSize))
      if (announced === undefined) throw new DumpFailure(CANNOT_READ)
      source.#headSize = HEADER_SIZE + packetSize
      return { source, announced }
    } catch (error) {
      source.close()
      throw error
    }
  }

  async #logIn(secret: Uint8Array, from: string): Promise<void> {
    const login = new ClientLogin(secret, from)
    try {
      for (let next: readonly Uint8Array[] | undefined = login.begin(); next !== undefined; ) {
        for (const bytes of next) this.#socket.write(bytes)
        const { packetSize } = parseHeader(await this.take(HEADER_SIZE))
        next = login.next(new Map(parseDictionary(await this.take(packetSize)).pairs))
      }
    } catch (error) {
      if (!(error instanceof UndercroftError)) throw error
      throw new DumpFailure(error.message)
    }
  }

  /** Begins to wait for the area, which gets time in proportion to its size. */
  expect(areaSize: number): void {
    this.#deadline.clear()
    this.#deadline.wait('body', 0, areaSize)
  }

  async take(size: number): Promise<Buffer> {
    for (;;) {
      const bytes = this.#source.take(size)
      if (bytes !== undefined) return bytes
      if (!(await this.#receive())) throw new DumpFailure(CANNOT_READ)
    }
  }

  async skip(size: number): Promise<void> {
    for (let left = this.#source.skip(size); left > 0; left = this.#source.skip(left)) {
      if (!(await this.#receive())) throw new DumpFailure(CANNOT_READ)
    }
  }

  /** Reads to the end or up to a limit. @returns the size of the area and all bytes after it. */
  async measure(limitSize: number): Promise<number> {
    const size = () => this.#receivedSize - this.#headSize
    while (size() <= limitSize && (await this.#receive())) this.#source.takeAll()
    return size()
  }

  close(): void {
    this.#deadline.clear()
    this.#socket.on('error', ignore)
    this.#socket.destroy()
  }

  /** False: the server has closed, or the connection broke. */
  async #receive(): Promise<boolean> {
    try {
      const { done, value } = await this.#chunks.next()
      if (done === true) return false
      this.#receivedSize += value.length
      this.#source.push(value)
      return true
    } catch {
      return false
    }
  }
}

const CANNOT_READ = 'unable to read from the cache server'
const EMPTY = Buffer.alloc(0)

function ignore(): void {}
