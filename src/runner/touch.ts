/**
 * Noticing that one of some files was touched: what `touch-reload` asks for.
 */

import { statSync } from 'node:fs'

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
