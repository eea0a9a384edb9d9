/** A process that adds variants of one URL to the store of undici. */

import { finished } from 'node:stream/promises'
import { UndercroftCacheStore } from '../../src/adapters/undici.ts'
import type { CacheOptions } from '../../src/index.ts'
import { answer } from '../../testing/child-side.ts'

export type Task =
  | { kind: 'open'; options: CacheOptions }
  /** Adds variants that differ by a field. */
  | { kind: 'add'; field: string; count: number }

let store: UndercroftCacheStore | undefined

answer<Task, boolean>(async task => {
  if (task.kind === 'open') {
    store = new UndercroftCacheStore(task.options)
    return true
  }
  for (let i = 0; i < task.count; i++) await add(task.field, String(i))
  return true
})

async function add(field: string, value: string): Promise<void> {
  const vary = { [field]: value }
  const key = { origin: 'https://example.org', method: 'GET', path: '/', headers: vary }
  const now = Date.now()
  const stream = store?.createWriteStream(key, {
    ...{ statusCode: 200, statusMessage: 'OK', headers: {}, vary },
    ...{ cachedAt: now, staleAt: now + 60_000, deleteAt: now + 60_000 },
  })
  if (stream === undefined) throw new Error('the first task must be to open')
  stream.end(`${field} ${value}`)
  await finished(stream)
}
