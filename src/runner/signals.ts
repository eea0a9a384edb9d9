/**
 * Signals to the master: which ask for an end, which for new workers.
 */

import { statSync } from 'node:fs'

/** `drain`: finish what has begun. `stop`: at once. */
export type Ending = 'drain' | 'stop'

/** The signals that end an instance, and how. In uWSGI SIGTERM does only with `die-on-term`. */
const ENDINGS: Readonly<Record<string, Ending>> = {
  SIGTERM: 'drain',
  SIGINT: 'stop',
  SIGQUIT: 'stop',
}

/** Heard from the moment this is made, so that none is lost during the start. */
export class MasterSignals {
  /** The first that asks for an end. */
  readonly ended: Promise<{ readonly signal: string; readonly ending: Ending }>
  /** The next one, for those who lose patience. */
  readonly endedAgain: Promise<void>
  /** Told of each SIGHUP. */
  onReload: () => void = () => {}
  readonly #stop: () => void

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
    const onEnd = (signal: string) => {
      if (isEnding) endAgain()
      else end({ signal, ending: ENDINGS[signal] ?? 'stop' })
      isEnding = true
    }
    const onReload = () => this.onReload()
    for (const signal of Object.keys(ENDINGS)) process.on(signal, onEnd)
    process.on('SIGHUP', onReload)
    this.#stop = () => {
      for (const signal of Object.keys(ENDINGS)) process.off(signal, onEnd)
      process.off('SIGHUP', onReload)
    }
  }

  /** Leaves signals to the system again. */
  close(): void {
    this.#stop()
  }
}

// MERGED: Noticing that one of some files was touched: what `touch-reload` asks for. /

export class TouchedFiles {
  readonly #known: Map<string, number | undefined>

  constructor(paths: readonly string[]) {
    this.#known = new Map(paths.map(path => [path, modifiedAtMs(path)]))
  }

  /** The first that was touched, or has appeared, since it was asked the last time. */
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

/** Undefined: there is no such file now. */
function modifiedAtMs(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs
}
