/**
 * A process that asks a shared cache for one key many times at once, and says when it is the one
 * that loads. The test's side is single-flight.test.ts.
 */

import { Cache, type CacheOptions } from '../../src/index.ts'
import { sendToParent } from '../../testing/child-side.ts'

export type LoadTask =
  | { readonly kind: 'open'; readonly options: CacheOptions }
  /** Asks so many times at once. A load ends when the test says so, or never. */
  | { readonly kind: 'ask'; readonly times: number }
  | { readonly kind: 'finish'; readonly value: string }

export type LoadReply =
  | { readonly kind: 'opened' }
  | { readonly kind: 'loading' }
  /** How many got which value. */
  | { readonly kind: 'answered'; readonly values: Readonly<Record<string, number>> }

let cache: Cache<string> | undefined
let finish: (value: string) => void = () => {}

process.on('disconnect', () => process.exit())
process.on('message', (task: LoadTask) => {
  if (task.kind === 'open') {
    cache = Cache.open<string>(task.options)
    sendToParent<LoadReply>({ kind: 'opened' })
  } else if (task.kind === 'finish') finish(task.value)
  else if (cache !== undefined) void ask(cache, task.times)
})

async function ask(subject: Cache<string>, times: number): Promise<void> {
  const values: Record<string, number> = {}
  const answers = Array.from({ length: times }, async () => {
    const value = await subject.getOrSet('cold', load, { waitMs: 60_000 })
    values[value] = (values[value] ?? 0) + 1
  })
  await Promise.all(answers)
  sendToParent<LoadReply>({ kind: 'answered', values })
}

function load(): Promise<string> {
  sendToParent<LoadReply>({ kind: 'loading' })
  return new Promise(resolve => {
    finish = resolve
  })
}
