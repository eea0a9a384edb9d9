/**
 * `master-fifo`: a named pipe that takes commands of one character, such as `echo r > PATH`.
 *
 * https://uwsgi-docs.readthedocs.io/en/latest/MasterFIFO.html
 */

import { constants, openSync, statSync, unlinkSync } from 'node:fs'
import { Socket } from 'node:net'
import { UndercroftError } from '../base/index.ts'
import { makeFifo } from '../platform/index.ts'
import { identifyFile, type OwnedFile, removeOwnedFile } from './owned-file.ts'

export class MasterFifo {
  readonly file: OwnedFile
  readonly #socket: Socket

  /** Makes the pipe, in place of one that an earlier instance left. */
  constructor(
    path: string,
    commands: Readonly<Record<string, () => void>>,
    onLog: (line: string) => void,
  ) {
    try {
      if (statSync(path, { throwIfNoEntry: false })?.isFIFO() === true) unlinkSync(path)
      makeFifo(path, 0o600)
      this.file = identifyFile(path)
      // Open for writing as well, so that the pipe does not end with its first writer.
      const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
      this.#socket = new Socket({ fd: descriptor, readable: true, writable: false })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const message = `cannot make the master-fifo ${path}: ${reason}`
      throw new UndercroftError('UNDERCROFT_SYSTEM', message, { cause: error })
    }
    this.#socket.on('error', () => {}) // a pipe has no peer that could break it
    this.#socket.on('data', chunk => {
      for (const command of chunk.toString('latin1').replaceAll(/\s/g, '')) {
        if (Object.hasOwn(commands, command)) commands[command]?.()
        else onLog(`master-fifo: unknown command ${JSON.stringify(command)}`)
      }
    })
  }

  close(): void {
    this.#socket.destroy()
    removeOwnedFile(this.file)
  }
}
