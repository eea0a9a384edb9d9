/**
 * Which functions of `src/` run in this process between two moments.
 *
 * V8's precise coverage finds them; a function that V8 inlines still counts, because coverage turns
 * the optimization off that would hide it.
 */

import { Session } from 'node:inspector/promises'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The names of the functions, by the file they are in. */
export type CalledFunctions = Readonly<Record<string, readonly string[]>>

const SOURCES = fileURLToPath(new URL('../src/', import.meta.url))

export class CallCoverage {
  readonly #session: Session

  private constructor(session: Session) {
    this.#session = session
  }

  static async start(): Promise<CallCoverage> {
    const session = new Session()
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
    return new CallCoverage(session)
  }

  async end(): Promise<CalledFunctions> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage')
    this.#session.disconnect()
    const byFile: Record<string, string[]> = {}
    for (const { url, functions } of result) {
      if (!url.startsWith('file:')) continue
      const file = relative(SOURCES, fileURLToPath(url))
      if (file.startsWith('..')) continue
      const names = functions
        .filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0)
        .map(({ functionName }) => functionName || '(anonymous)')
      if (names.length > 0) byFile[file] = names
    }
    return byFile
  }
}
