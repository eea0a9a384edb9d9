/**
 * Accepts, reads and answers connections by system calls, within Node's event loop.
 *
 * node:net makes a dozen objects for each connection. A client that connects for one request pays
 * for them with every request: about 85 us of processor time, and only 13 us are the system's. This
 * way is used only on the main thread of Linux, with koffi, where it is known to work. Another
 * thread can be terminated without notice, and would leave its descriptors open.
 */

import { constants } from 'node:os'
import { isMainThread } from 'node:worker_threads'
import { duplicateDescriptor } from './descriptors.ts'
import { type CFunction, type PollHandle, requireKoffi } from './koffi.ts'
import { loadLibc } from './libc.ts'

/** The variable that turns this way off, for tests and for users who want node:net only. */
const ACCEPT_VARIABLE = 'UNDERCROFT_ACCEPT'

/**
 * A descriptor. `none`: no connection waits. `failed`: this connection failed, and the next may
 * succeed. `exhausted`: the system has no more descriptors or memory.
 */
export type Accepted = number | 'none' | 'failed' | 'exhausted'

/** A listening socket. Its connections are plain descriptors, which the caller must close. */
export interface DirectListener {
  /**
   * Calls `onReadable` from an immediate when connections wait, or when watched ones have something
   * to read. The calls repeat until all of these connections are accepted or taken.
   */
  start(onReadable: () => void): void
  /** Ends the calls of `onReadable`. */
  stop(): void
  accept(): Accepted
  /** @returns the numeric address of the connection accepted last; empty for a Unix socket */
  peerAddress(): string
  /** @returns the number of received bytes; 0: the peer is gone; undefined: no bytes came yet */
  receive(connection: number, target: Uint8Array): number | undefined
  /** @returns the number of sent bytes; 0 also if the peer is gone, which `receive` reports */
  send(connection: number, bytes: Uint8Array): number
  /** Watches a connection, once, until it has something to read. */
  watch(connection: number): void
  /** @returns some watched connections that have something to read, and are not watched any more */
  takeReadable(): readonly number[]
  closeConnection(connection: number): void
  /** Ends listening. Connections stay open. */
  close(): void
}

/**
 * Makes a direct listener of a listening socket, with a descriptor of its own.
 *
 * @param isDeferred - whether the system reports a TCP connection with its first bytes
 * @returns undefined if this way does not work here
 */
export function listenDirectly(listening: number, isDeferred: boolean): DirectListener | undefined {
  const system = isAvailable() ? loadSystem() : undefined
  if (system === undefined) return undefined
  const { epoll_create1, close } = system.calls
  const own = duplicateDescriptor(listening)
  const watching = epoll_create1(EPOLL_CLOEXEC) as number
  if (watching < 0) {
    close(own)
    return undefined
  }
  if (isDeferred) {
    // This option saves a wake-up for each connection. The system refuses it for Unix sockets.
    const { setsockopt } = system.calls
    setsockopt(own, IPPROTO_TCP, TCP_DEFER_ACCEPT, DEFER_SECONDS, DEFER_SECONDS.length)
  }
  return new SystemListener(system, own, watching)
}

// <sys/socket.h>, <sys/epoll.h>; the same on x86-64 and arm64.
const SOCK_CLOEXEC = 0x80000
const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000
const IPPROTO_TCP = 6
const TCP_DEFER_ACCEPT = 9
const AF_INET = 2
const AF_INET6 = 10
/** `struct sockaddr_storage`. */
const SOCKADDR_SIZE = 128
/** The first 12 bytes of an IPv4 address on an IPv6 socket. */
const MAPPED_IPV4 = Buffer.from('00000000000000000000ffff', 'hex')

/** A deferred TCP connection is reported after this time even without any bytes. */
const DEFER_SECONDS = Buffer.from(Int32Array.of(1).buffer)

const EPOLL_CLOEXEC = 0x80000
const EPOLL_CTL_ADD = 1
const EPOLLIN_ONCE = 0x1 | 0x4000_0000

/** `struct epoll_event` is packed on x86-64 only. */
const EVENT = process.arch === 'x64' ? { size: 12, data: 4 } : { size: 16, data: 8 }
const MAX_EVENTS = 64

const { EAGAIN, EMFILE, ENFILE, ENOBUFS, ENOMEM } = constants.errno
const EXHAUSTED: ReadonlySet<number> = new Set([EMFILE, ENFILE, ENOBUFS, ENOMEM])

const CALLS = {
  accept4: 'int accept4(int fd, void *address, void *size, int flags)',
  recv: 'int64_t recv(int fd, void *buffer, size_t size, int flags)',
  send: 'int64_t send(int fd, const void *bytes, size_t size, int flags)',
  close: 'int close(int fd)',
  setsockopt: 'int setsockopt(int fd, int level, int name, const void *value, uint32_t size)',
  epoll_create1: 'int epoll_create1(int flags)',
  epoll_ctl: 'int epoll_ctl(int epfd, int operation, int fd, const void *event)',
  epoll_wait: 'int epoll_wait(int epfd, void *events, int count, int timeout)',
} as const

interface System {
  readonly calls: Readonly<Record<keyof typeof CALLS, CFunction>>
  readonly errno: () => number
  readonly poll: (fileDescriptor: number, onReadable: () => void) => PollHandle
}

function isAvailable(): boolean {
  return (
    process.platform === 'linux' &&
    (process.arch === 'x64' || process.arch === 'arm64') &&
    isMainThread &&
    process.env[ACCEPT_VARIABLE] !== 'node:net'
  )
}

let loaded: System | undefined

function loadSystem(): System | undefined {
  if (loaded !== undefined) return loaded
  const libc = loadLibc()
  if (libc instanceof Error || libc.backend !== 'koffi') return undefined
  const koffi = requireKoffi()
  const poll = koffi.node?.poll
  if (poll === undefined) return undefined
  const library = koffi.load(null)
  const calls = Object.entries(CALLS).map(([name, text]) => [name, library.func(text)])
  loaded = { calls: Object.fromEntries(calls), errno: () => koffi.errno(), poll }
  return loaded
}

class SystemListener implements DirectListener {
  readonly #system: System
  readonly #listening: number
  readonly #watching: number
  readonly #event = Buffer.alloc(EVENT.size)
  readonly #events = Buffer.alloc(EVENT.size * MAX_EVENTS)
  readonly #address = Buffer.alloc(SOCKADDR_SIZE)
  readonly #addressSize = Buffer.alloc(4)
  #polls: PollHandle[] = []
  #isClosed = false

  constructor(system: System, listening: number, watching: number) {
    this.#system = system
    this.#listening = listening
    this.#watching = watching
  }

  start(onReadable: () => void): void {
    this.stop()
    if (this.#isClosed) return
    let isTold = false
    const tell = () => {
      if (isTold) return
      isTold = true
      // An immediate runs in the same turn of the loop, and within a callback scope of Node.
      setImmediate(() => {
        isTold = false
        if (this.#polls === polls) onReadable()
      })
    }
    const { poll } = this.#system
    const polls = [poll(this.#listening, tell), poll(this.#watching, tell)]
    this.#polls = polls
  }

  stop(): void {
    for (const poll of this.#polls) poll.close()
    this.#polls = []
  }

  accept(): Accepted {
    if (this.#isClosed) return 'none' // The descriptor may belong to another file now.
    const { calls, errno } = this.#system
    this.#addressSize.writeUInt32LE(this.#address.length)
    const flags = SOCK_CLOEXEC
    const { accept4 } = calls
    const accepted = accept4(this.#listening, this.#address, this.#addressSize, flags)
    const connection = accepted as number
    if (connection >= 0) return connection
    const reason = errno()
    if (reason === EAGAIN) return 'none'
    return EXHAUSTED.has(reason) ? 'exhausted' : 'failed'
  }

  peerAddress(): string {
    const family = this.#address.readUInt16LE(0)
    if (family === AF_INET) return [...this.#address.subarray(4, 8)].join('.')
    if (family !== AF_INET6) return ''
    const words = Array.from({ length: 8 }, (_, index) =>
      this.#address.readUInt16BE(8 + 2 * index).toString(16),
    )
    const isMapped = this.#address.subarray(8, 20).equals(MAPPED_IPV4)
    return isMapped ? [...this.#address.subarray(20, 24)].join('.') : words.join(':')
  }

  receive(connection: number, target: Uint8Array): number | undefined {
    const { calls, errno } = this.#system
    const size = calls.recv(connection, target, target.length, MSG_DONTWAIT) as number
    if (size >= 0) return size
    return errno() === EAGAIN ? undefined : 0
  }

  send(connection: number, bytes: Uint8Array): number {
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL
    return Math.max(0, this.#system.calls.send(connection, bytes, bytes.length, flags) as number)
  }

  watch(connection: number): void {
    this.#event.writeUInt32LE(EPOLLIN_ONCE, 0)
    this.#event.writeInt32LE(connection, EVENT.data)
    this.#system.calls.epoll_ctl(this.#watching, EPOLL_CTL_ADD, connection, this.#event)
  }

  takeReadable(): readonly number[] {
    const { epoll_wait } = this.#system.calls
    const count = epoll_wait(this.#watching, this.#events, MAX_EVENTS, 0) as number
    const connections: number[] = []
    for (let i = 0; i < count; i++) {
      connections.push(this.#events.readInt32LE(i * EVENT.size + EVENT.data))
    }
    return connections
  }

  closeConnection(connection: number): void {
    this.#system.calls.close(connection)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.stop()
    this.#system.calls.close(this.#listening)
    this.#system.calls.close(this.#watching)
  }
}
