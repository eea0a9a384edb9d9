/**
 * Datagrams to the service manager (sd_notify), for which Node.js has no sockets: it knows
 * datagrams by UDP only.
 *
 * https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
 */

import { UndercroftError } from '../base/index.ts'
import { requireKoffi } from './koffi.ts'
import { loadLibc } from './libc.ts'

// <sys/socket.h> of Linux; the same on x86-64 and arm64.
const AF_UNIX = 1
const SOCK_DGRAM_CLOEXEC = 2 | 0x80000
const MSG_NOSIGNAL_DONTWAIT = 0x4000 | 0x40

/**
 * Sends one datagram to a Unix socket.
 * @param path - in systemd's form: `@` begins an abstract name
 */
export function sendUnixDatagram(path: string, text: string): void {
  const libc = loadLibc()
  if (process.platform !== 'linux' || libc instanceof Error || libc.backend !== 'koffi') {
    throw notifyFailed(path, 'it needs koffi and Linux')
  }
  const library = requireKoffi().load(null)
  const socket = library.func('int socket(int domain, int type, int protocol)')
  const sendto = library.func(
    'int64_t sendto(int fd, const void *b, size_t n, int flags, const void *to, uint32_t toSize)',
  )
  const close = library.func('int close(int fd)')
  const descriptor = socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0) as number
  if (descriptor < 0) throw notifyFailed(path, 'the system has no more sockets')
  try {
    const bytes = Buffer.from(text)
    const address = encodeAddress(path)
    const flags = MSG_NOSIGNAL_DONTWAIT
    const sent = sendto(descriptor, bytes, bytes.length, flags, address, address.length)
    if (Number(sent) !== bytes.length) throw notifyFailed(path, 'no process receives there')
  } finally {
    close(descriptor)
  }
}

/** @returns the time of CLOCK_MONOTONIC, which processes of one machine share */
export function monotonicMicros(): bigint {
  return process.hrtime.bigint() / 1000n
}

/** `struct sockaddr_un`: the family in the order of the machine, then the name without its end. */
function encodeAddress(path: string): Buffer {
  const name = Buffer.from(path.replace(/^@/, '\0'))
  return Buffer.concat([Buffer.from(Uint16Array.of(AF_UNIX).buffer), name])
}

function notifyFailed(path: string, reason: string): UndercroftError {
  return new UndercroftError('UNDERCROFT_SYSTEM', `cannot notify ${path}: ${reason}`)
}
