/** A second process for the contract of adapters: calls an adapter as its host does. */

import type { CacheOptions } from '../../../src/index.ts'
import { answer } from '../../../testing/child-side.ts'
import { SUBJECTS, type Subject } from './subjects.ts'

export type Task =
  | { kind: 'open'; subject: string; options: CacheOptions; prefix: string }
  | { kind: 'set'; key: string; value: string }
  | { kind: 'get'; key: string }
  | { kind: 'write for ever' }

let subject: Subject | undefined

answer<Task, string | boolean | null>(async task => {
  if (task.kind === 'open') {
    subject = SUBJECTS[task.subject]?.(task.options, task.prefix)
    return true
  }
  if (subject === undefined) throw new Error('the first task must be to open')
  if (task.kind === 'set') return subject.set(task.key, task.value)
  if (task.kind === 'get') return (await subject.get(task.key)) ?? null
  void writeForEver(subject)
  return true
})

async function writeForEver(own: Subject): Promise<never> {
  for (let i = 0; ; i++) {
    await own.set(`key-${i % 50}`, `value-${i}`.repeat(1 + (i % 100)))
    // The message that ends this process needs a turn of its own.
    if (i % 100 === 0) await new Promise(resolve => setImmediate(resolve))
  }
}
