/**
 * Redis on a Unix socket. Each call is awaited before the next, as in one request of an
 * application.
 */

import type { CacheLocation, Subject } from '../candidate.ts'
import { requirePeer } from '../npm-peers.ts'
import { BYTES_VALUE, OBJECT_VALUE, STRING_VALUE } from '../workload.ts'

interface Client<Text> {
  connect(): Promise<unknown>
  get(key: string): Promise<Text>
  set(key: string, value: string | Buffer): Promise<unknown>
  exists(key: string): Promise<number>
  incr(key: string): Promise<number>
  destroy(): void
  withTypeMapping(mapping: Readonly<Record<number, unknown>>): Client<Buffer>
}

interface RedisModule {
  createClient(options: { socket: { path: string } }): Client<string>
  readonly RESP_TYPES: { readonly BLOB_STRING: number }
}

export async function open({ socketPath }: CacheLocation): Promise<Subject> {
  const { createClient, RESP_TYPES } = requirePeer<RedisModule>('redis')
  const client = createClient({ socket: { path: socketPath } })
  await client.connect()
  const bytesClient = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
  return {
    calls: 'async',
    operations: {
      'get string': key => client.get(key),
      'get bytes': key => bytesClient.get(key),
      'get object': async key => JSON.parse(await client.get(key)),
      has: key => client.exists(key),
      set: key => client.set(key, STRING_VALUE),
      increment: key => client.incr(key),
    },
    store: (operation, key) => {
      if (operation === 'increment') return client.set(key, '0')
      if (operation === 'get bytes') return client.set(key, BYTES_VALUE)
      const text = operation === 'get object' ? JSON.stringify(OBJECT_VALUE) : STRING_VALUE
      return client.set(key, text)
    },
    close: () => client.destroy(),
  }
}
