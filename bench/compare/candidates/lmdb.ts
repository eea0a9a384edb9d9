/**
 * lmdb-js: a database that processes share through mmap. It lies in memory, so writes are not
 * flushed to a disk. As in a cache, a write is visible to all processes when the call returns.
 */

import { join } from 'node:path'
import type { CacheLocation, Subject } from '../candidate.ts'
import { requirePeer } from '../npm-peers.ts'
import { initialValueOf, STRING_VALUE } from '../workload.ts'

interface Database {
  get(key: string): unknown
  putSync(key: string, value: unknown): unknown
  doesExist(key: string): boolean
  transactionSync<T>(action: () => T): T
  close(): Promise<void>
}

interface LmdbModule {
  open(options: { path: string; noSync: boolean; compression: boolean }): Database
}

export function open({ dir }: CacheLocation): Subject {
  const lmdb = requirePeer<LmdbModule>('lmdb')
  const database = lmdb.open({ path: join(dir, 'data.mdb'), noSync: true, compression: false })
  return {
    calls: 'sync',
    operations: {
      'get string': key => database.get(key),
      'get bytes': key => database.get(key),
      'get object': key => database.get(key),
      has: key => database.doesExist(key),
      set: key => database.putSync(key, STRING_VALUE),
      increment: key =>
        database.transactionSync(() => {
          const value = Number(database.get(key)) + 1
          database.putSync(key, value)
          return value
        }),
    },
    store: (operation, key) => database.putSync(key, initialValueOf(operation)),
    close: () => database.close(),
  }
}
