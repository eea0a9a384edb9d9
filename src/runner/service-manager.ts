/**
 * What systemd and an instance say to each other: that it is ready, reloads or ends, and the
 * sockets that were open before it started.
 */

import { fstatSync } from 'node:fs'
import { monotonicMicros, sendUnixDatagram } from '../platform/index.ts'

/** The first descriptor of socket activation: SD_LISTEN_FDS_START. */
const FIRST_DESCRIPTOR = 3

/** More sockets than any configuration has. */
const MAX_SOCKETS = 1024

/** The connection to the service manager of this process; it does nothing without one. */
export class ServiceManager {
  readonly #path: string | undefined
  readonly #onLog: (line: string) => void

  /** Takes the variable, so that no child process speaks for this one. */
  constructor(onLog: (line: string) => void) {
    this.#path = process.env.NOTIFY_SOCKET
    delete process.env.NOTIFY_SOCKET
    this.#onLog = onLog
  }

  ready(): void {
    this.#send('READY=1')
  }

  /** The time is what `Type=notify-reload` compares. */
  reloading(): void {
    this.#send(`RELOADING=1\nMONOTONIC_USEC=${monotonicMicros()}`)
  }

  stopping(): void {
    this.#send('STOPPING=1')
  }

  #send(state: string): void {
    if (this.#path === undefined || this.#path === '') return
    try {
      sendUnixDatagram(this.#path, state)
    } catch (error) {
      this.#onLog(error instanceof Error ? error.message : String(error))
    }
  }
}

/**
 * Takes the sockets that systemd opened for this process.
 * @returns descriptors of listening sockets
 */
export function takePassedSockets(): readonly number[] {
  const { LISTEN_PID: pid, LISTEN_FDS: count } = process.env
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete process.env[name]
  if (Number(pid) !== process.pid || !(Number(count) <= MAX_SOCKETS)) return []
  const all = Array.from({ length: Number(count) }, (_, index) => FIRST_DESCRIPTOR + index)
  return all.filter(descriptor => fstatSync(descriptor).isSocket())
}
