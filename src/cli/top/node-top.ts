/**
 * The machine as `top` needs it: sockets of stats servers, the terminal, and time.
 */

import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type ErrorCode, systemClock, UndercroftError } from '../../base/index.ts'
import type { SocketAddress } from '../../uwsgi/options/index.ts'
import type { TopHost } from '../environment.ts'

/** Makes a host whose terminal or pipe is `stdout`, with the keys of `stdin`. */
export function nodeTopHost(stdin: NodeJS.ReadStream, stdout: NodeJS.WriteStream): TopHost {
  let isOpen = true
  stdout.once('error', () => {
    isOpen = false
  })
  return {
    clock: systemClock,
    readStats,
    isOutputOpen: () => isOpen,
    terminalSize() {
      // A terminal of unknown size reports 0.
      return { columns: stdout.columns || DEFAULT_COLUMNS, rows: stdout.rows || DEFAULT_ROWS }
    },
    untilKey: (keys, signal) => untilKey(stdin, keys, signal),
    untilRefresh: (intervalMs, signal) => untilResized(stdout, intervalMs, signal),
  }
}

const DEFAULT_COLUMNS = 80
const DEFAULT_ROWS = 24

/** A cache takes some 500 bytes of text, so this is enough for thousands of caches. */
const MAX_DOCUMENT_SIZE = 16 * 1024 * 1024
const READ_TIMEOUT_MS = 2000

/** Takes the terminal's input key by key until `signal` aborts. */
function untilKey(stdin: NodeJS.ReadStream, keys: string, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (!stdin.isTTY || signal.aborted) return
    const onData = (typed: Buffer) => {
      if ([...typed.toString()].some(key => keys.includes(key))) resolve()
    }
    stdin.setRawMode(true)
    stdin.on('data', onData)
    signal.addEventListener('abort', () => {
      stdin.off('data', onData)
      stdin.setRawMode(false)
      stdin.pause()
    })
  })
}

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
    // Aborted, or the output is closed; the caller checks for both.
  } finally {
    over.abort()
    await Promise.allSettled(waits)
  }
}

/**
 * Connects to a stats server and reads to the end.
 *
 * Sends nothing, because a uWSGI server that closes with unread input may lose the end of its
 * response. Closes its own side at once, so that a server of this package need not wait for more
 * input.
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
    const late = () =>
      fail('UNDERCROFT_TIMEOUT', `no complete response within ${READ_TIMEOUT_MS} ms`)
    const timer = setTimeout(late, READ_TIMEOUT_MS)
    socket.once('connect', () => socket.end())
    socket.on('data', chunk => {
      chunks.push(chunk)
      size += chunk.length
      if (size > MAX_DOCUMENT_SIZE)
        fail('UNDERCROFT_PROTOCOL', `the response exceeds ${MAX_DOCUMENT_SIZE} bytes`)
    })
    socket.once('error', error => fail('UNDERCROFT_CONNECTION', error.message))
    socket.once('close', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(chunks).toString()) // has no effect after a failure
    })
  })
}
