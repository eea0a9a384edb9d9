/**
 * What ends an instance or reloads its workers: signals to the master, and files that are touched.
 */

import { statSync } from 'node:fs'

/** `drain`: finish the requests in progress. `stop`: end at once. */
export type Ending = 'drain' | 'stop'

/**
 * The signals that end an instance, and how. In uWSGI, SIGTERM ends one only with `die-on-term`.
 */
const ENDINGS: Readonly<Record<string, Ending>> = {
  SIGTERM: 'drain',
  SIGINT: 'stop',
  SIGQUIT: 'stop',
}

/** Listens as soon as it is created, so that no signal is lost during the start. */
export class MasterSignals {
  /** The first signal that ends the instance. */
  readonly ended: Promise<{ readonly signal: string; readonly ending: Ending }>
  /** The next such signal: the sender does not want to wait for the drain. */
  readonly endedAgain: Promise<void>
  /** Called for each SIGHUP. */
  onReload: () => void = () => {}
  /** Called for each SIGUSR1. */
  onReopenLog: () => void = () => {}
  readonly #stop: () => void
  readonly #end: (name: string, ending: Ending) => void

  constructor() {
    let isEnding = false
    let end: (what: { signal: string; ending: Ending }) => void = () => {}
    let endAgain = () => {}
    this.ended = new Promise(resolve => {
      end = resolve
    })
    this.endedAgain = new Promise(resolve => {
      endAgain = resolve
    })
    this.#end = (signal, ending) => {
      if (isEnding) endAgain()
      else end({ signal, ending })
      isEnding = true
    }
    const onEnd = (signal: string) => this.#end(signal, ENDINGS[signal] ?? 'stop')
    const onReload = () => this.onReload()
    for (const signal of Object.keys(ENDINGS)) process.on(signal, onEnd)
    const onReopenLog = () => this.onReopenLog()
    process.on('SIGHUP', onReload)
    process.on('SIGUSR1', onReopenLog)
    this.#stop = () => {
      for (const signal of Object.keys(ENDINGS)) process.off(signal, onEnd)
      process.off('SIGHUP', onReload)
      process.off('SIGUSR1', onReopenLog)
    }
  }

  /** Ends the instance as a signal does; `name` is what asks for it. */
  end(name: string, ending: Ending): void {
    this.#end(name, ending)
  }

  /** Restores the default handling of signals. */
  close(): void {
    this.#stop()
  }
}

// The files of `touch-reload` and `touch-logreopen`.

export class TouchedFiles {
  readonly #known: Map<string, number | undefined>

  constructor(paths: readonly string[]) {
    this.#known = new Map(paths.map(path => [path, modifiedAtMs(path)]))
  }

  /** Returns the first file that was touched or has appeared since the last call. */
  findTouched(): string | undefined {
    let touched: string | undefined
    for (const [path, before] of this.#known) {
      const now = modifiedAtMs(path)
      this.#known.set(path, now)
      if (now !== undefined && now !== before) touched ??= path
    }
    return touched
  }
}

/** Returns undefined if the file does not exist. */
function modifiedAtMs(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs
}
