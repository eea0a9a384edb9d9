/**
 * The seam between `top` and the machine: sockets of stats servers, the terminal, time.
 */

import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type ErrorCode, systemClock, UndercroftError } from '../../base/index.ts'
import { listSegments } from '../../segment/index.ts'
import type { SocketAddress } from '../../uwsgi/options/index.ts'
import type { TopHost } from '../environment.ts'

/** Looks at the terminal, or pipe, that `stdout` is. */
export function nodeTopHost(stdout: NodeJS.WriteStream): TopHost {
  let isOpen = true
  stdout.once('error', () => {
    isOpen = false
  })
  return {
    clock: systemClock,
    listCaches: listSegments,
    readStats,
    isOutputOpen: () => isOpen,
    terminalSize() {
      // A terminal that does not know its size says 0.
      return { columns: stdout.columns || DEFAULT_COLUMNS, rows: stdout.rows || DEFAULT_ROWS }
    },
    untilRefresh: (intervalMs, signal) => untilResized(stdout, intervalMs, signal),
  }
}

const DEFAULT_COLUMNS = 80
const DEFAULT_ROWS = 24

/** A cache has some 500 bytes of text: enough for thousands of them. */
const MAX_DOCUMENT_SIZE = 16 * 1024 * 1024
const READ_TIMEOUT_MS = 2000

async function untilResized(
  stdout: NodeJS.WriteStream,
  limitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const waits = [
    delay(limitMs, undefined, { signal: either }),
    once(stdout, 'resize', { signal: either }),
  ]
  try {
    await Promise.race(waits)
  } catch {
    // Asked to end, or nobody reads any more; the caller looks at both.
  } finally {
    over.abort()
    await Promise.allSettled(waits)
  }
}

/**
 * Connects and reads to the end. Sends nothing, because a uWSGI that closes with something unread
 * may lose the end of its answer; but says that it is done, so that ours need not wait for more.
 */
export function readStats(address: SocketAddress): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const socket = address.kind === 'unix' ? connect(address.path) : connect(address)
    const fail = (code: ErrorCode, why: string) => {
      reject(new UndercroftError(code, why))
      socket.destroy()
    }
    const late = () => fail('UNDERCROFT_TIMEOUT', `no whole answer within ${READ_TIMEOUT_MS} ms`)
    const timer = setTimeout(late, READ_TIMEOUT_MS)
    socket.once('connect', () => socket.end())
    socket.on('data', chunk => {
      chunks.push(chunk)
      size += chunk.length
      if (size > MAX_DOCUMENT_SIZE)
        fail('UNDERCROFT_PROTOCOL', `an answer of over ${MAX_DOCUMENT_SIZE} bytes`)
    })
    socket.once('error', error => fail('UNDERCROFT_CONNECTION', error.message))
    socket.once('close', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(chunks).toString()) // after a failure this does nothing
    })
  })
}
