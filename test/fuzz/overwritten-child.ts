/**
 * Uses a cache while another process overwrites its file, and counts the results.
 */

import { Cache } from '../../src/index.ts'
import { answer } from '../../testing/child-side.ts'

export interface Work {
  readonly directory: string
  readonly rounds: number
}

export interface Worked {
  readonly operations: number
  /** How often each error code occurred. */
  readonly codes: Readonly<Record<string, number>>
}

let cache: Cache<Uint8Array> | undefined

answer<Work, Worked>(({ directory, rounds }) => {
  cache ??= Cache.open<Uint8Array>({ name: 'overwritten', directory, memory: 'shared' })
  const opened = cache
  const codes: Record<string, number> = {}
  let operations = 0
  const attempt = (act: () => unknown) => {
    operations++
    try {
      act()
    } catch (error) {
      const code = String((error as { code?: string }).code ?? error)
      codes[code] = (codes[code] ?? 0) + 1
    }
  }
  for (let round = 0; round < rounds; round++) {
    const key = `key ${round % 40}`
    attempt(() => opened.getItem(key))
    attempt(() => opened.set(key, Buffer.alloc((round * 7) % 200, round)))
    if (round % 5 === 0) attempt(() => opened.delete(key))
    if (round % 50 === 0) attempt(() => opened.verify())
    if (round % 50 === 25) attempt(() => [...opened.keys()])
  }
  return { operations, codes }
})
