/**
 * A process that asks a shared cache for one key many times at once, and says when it is the one
 * that loads. The test's side is single-flight.test.ts.
 */

import { Cache, type CacheOptions, type GetOrSetOptions } from '../../src/index.ts'
import { sendToParent } from '../../testing/child-side.ts'

export type LoadTask =
  | { readonly kind: 'open'; readonly options: CacheOptions }
  /** Asks so many times at once. A load ends when the test says so, or never. */
  | { readonly kind: 'ask'; readonly times: number; readonly options?: GetOrSetOptions }
  | { readonly kind: 'finish'; readonly value: string }
  | { readonly kind: 'fail'; readonly message: string }

export type LoadReply =
  | { readonly kind: 'opened' }
  | { readonly kind: 'loading' }
  /** How many got which value. */
  | { readonly kind: 'answered'; readonly values: Readonly<Record<string, number>> }

let cache: Cache<string> | undefined
let finish: (value: string) => void = () => {}
let fail: (error: Error) => void = () => {}

process.on('disconnect', () => process.exit())
process.on('message', (task: LoadTask) => {
  if (task.kind === 'open') {
    cache = Cache.open<string>({ ...task.options, onError: () => {} })
    sendToParent<LoadReply>({ kind: 'opened' })
  } else if (task.kind === 'finish') finish(task.value)
  else if (task.kind === 'fail') fail(new Error(task.message))
  else if (cache !== undefined) void ask(cache, task.times, task.options)
})

async function ask(
  subject: Cache<string>,
  times: number,
  options?: GetOrSetOptions,
): Promise<void> {
  const values: Record<string, number> = {}
  const answers = Array.from({ length: times }, async () => {
    const value = await subject.getOrSet('cold', load, { waitMs: 60_000, ...options })
    values[value] = (values[value] ?? 0) + 1
  })
  await Promise.all(answers)
  sendToParent<LoadReply>({ kind: 'answered', values })
}

function load(): Promise<string> {
  sendToParent<LoadReply>({ kind: 'loading' })
  return new Promise((resolve, reject) => {
    finish = resolve
    fail = reject
  })
}
