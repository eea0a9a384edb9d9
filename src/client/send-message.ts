/**
 * Sends any uwsgi packet and reads the reply, as `uwsgi.send_message` of uWSGI 1.4 did.
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { invalidOption, MAX_TIMER_MS, requireInteger, UndercroftError } from '../base/index.ts'
import { type Address, API_ADDRESS, formatAddress, parseAddress } from '../net/index.ts'
import {
  ByteSource,
  ClientLogin,
  DEFAULT_SOCKET_TIMEOUT_MS,
  encodeDictionary,
  encodePacket,
  HEADER_SIZE,
  MAX_PACKET_SIZE,
  parseDictionary,
  parseHeader,
  requireSecret,
  type SecretOption,
} from '../protocols/uwsgi/index.ts'

/** The payload: bytes, text (sent as UTF-8), or the pairs of a dictionary. */
export type Message = string | Uint8Array | Readonly<Record<string, string | Uint8Array>>

/**
 * Sends one packet and yields the payload of the reply in chunks.
 *
 * A reply that begins with `H` is raw HTTP and yielded whole. Otherwise its first four bytes are a
 * header, and as many bytes as the header announces are yielded. The end of the connection
 * or a silence of `timeoutMs` ends the iteration.
 *
 * @param address - `host:port` or the path of a Unix socket.
 * @param modifier1 - The handler, 0 to 255; 111 is the cache.
 * @param modifier2 - The command, 0 to 255.
 * @param message - The payload, at most 65535 bytes.
 * @param timeoutMs - Milliseconds to connect and to wait for each further byte. Default 4000.
 * @param secret - The secret of the server, if it needs one. Default none.
 * @throws UndercroftError `UNDERCROFT_ACCESS_DENIED` for a wrong secret, `UNDERCROFT_CONNECTION`
 * when no connection could be made,
 * `UNDERCROFT_OPTION_INVALID` for a bad argument.
 *
 * @example
 * for await (const chunk of sendMessage('127.0.0.1:3031', 111, 0, 'key')) chunks.push(chunk)
 */
export async function* sendMessage(
  address: string,
  modifier1: number,
  modifier2: number,
  message: Message,
  timeoutMs?: number,
  secret?: SecretOption,
): AsyncGenerator<Buffer, void, undefined> {
  const source = new ByteSource()
  let left: number | undefined
  const raw = sendMessageRaw(address, modifier1, modifier2, message, timeoutMs, secret)
  for await (const chunk of raw) {
    source.push(chunk)
    if (left === undefined) {
      const header = source.take(HEADER_SIZE)
      if (header === undefined) continue
      const isHttp = header[0] === HTTP_FIRST_BYTE
      left = isHttp ? Number.POSITIVE_INFINITY : parseHeader(header).packetSize
      if (isHttp) yield header
    }
    const bytes = source.takeAll().subarray(0, left)
    left -= bytes.length
    if (bytes.length > 0) yield bytes
    if (left === 0) return
  }
}

/**
 * Sends one packet and yields every byte of the reply, its header included, until the connection
 * ends. For replies without a header, such as those of the cache commands 3 and 4.
 *
 * Arguments and errors are those of {@link sendMessage}.
 */
export async function* sendMessageRaw(
  address: string,
  modifier1: number,
  modifier2: number,
  message: Message,
  timeoutMs: number = DEFAULT_SOCKET_TIMEOUT_MS,
  secret?: SecretOption,
): AsyncGenerator<Buffer, void, undefined> {
  const packet = encodePacket(
    requireInteger('modifier1', modifier1, 0, 255),
    requireInteger('modifier2', modifier2, 0, 255),
    encodeMessage(message),
  )
  requireInteger('timeoutMs', timeoutMs, 1, MAX_TIMER_MS)
  const known = secret === undefined ? undefined : requireSecret('secret', secret)
  const socket = await openSocket(parseAddress('address', address, API_ADDRESS), timeoutMs)
  try {
    const chunks = socket[Symbol.asyncIterator]()
    if (known !== undefined) await logIn(socket, chunks, new ClientLogin(known, address))
    socket.write(packet)
    yield* { [Symbol.asyncIterator]: () => chunks }
  } catch (error) {
    // A reset or the timeout ends the reply, as in uWSGI's function.
    if (error instanceof UndercroftError) throw error
  } finally {
    socket.destroy()
  }
}

/** Until it is done, the server sends nothing but its answers. */
async function logIn(
  socket: Socket,
  chunks: AsyncIterator<Buffer>,
  login: ClientLogin,
): Promise<void> {
  const source = new ByteSource()
  const take = async (size: number): Promise<Buffer> => {
    for (;;) {
      const bytes = source.take(size)
      if (bytes !== undefined) return bytes
      const { done, value } = await chunks.next()
      if (done === true) throw login.closed()
      source.push(value)
    }
  }
  for (let next: readonly Uint8Array[] | undefined = login.begin(); next !== undefined; ) {
    for (const bytes of next) socket.write(bytes)
    const { packetSize } = parseHeader(await take(HEADER_SIZE))
    next = login.next(new Map(parseDictionary(await take(packetSize)).pairs))
  }
}

/** `H` of `HTTP/1.0`. */
const HTTP_FIRST_BYTE = 0x48

function encodeMessage(message: Message): Uint8Array {
  if (typeof message === 'string') return requireFitting(Buffer.from(message))
  if (message instanceof Uint8Array) return requireFitting(message)
  const pairs = Object.entries(message).map(([name, value]) => {
    const bytes = requireFitting(Buffer.from(name))
    const valueBytes = typeof value === 'string' ? Buffer.from(value) : value
    return [bytes.toString('latin1'), requireFitting(valueBytes)] as const
  })
  return requireFitting(encodeDictionary(pairs))
}

function requireFitting<T extends Uint8Array>(bytes: T): T {
  if (bytes.length <= MAX_PACKET_SIZE) return bytes
  throw invalidOption('message', `at most ${MAX_PACKET_SIZE} bytes`, bytes)
}

async function openSocket(address: Address, timeoutMs: number): Promise<Socket> {
  const socket = address.kind === 'unix' ? connect(address.path) : connect(address)
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`silent for ${timeoutMs} ms`)))
  try {
    await once(socket, 'connect')
    return socket
  } catch (error) {
    const message = `${formatAddress(address)}: cannot connect; is the server up?`
    throw new UndercroftError('UNDERCROFT_CONNECTION', message, { cause: error })
  }
}
