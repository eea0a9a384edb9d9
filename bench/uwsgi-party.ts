/**
 * Real uWSGI as a candidate: two mules, which are processes of their own that share its cache.
 */

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ROOT } from '../test/runner/find-tests.ts'
import { onEnd, type Scope } from '../test/support/scope.ts'
import { startService } from '../test/support/service.ts'
import type { Request, Response } from './messages.ts'
import type { Party, PartyOptions, Worker } from './party.ts'
import { chunksOf, keysOf, OBJECT_VALUE, OPERATIONS, STRING_VALUE } from './workload.ts'

const SCRIPT = join(ROOT, 'bench/uwsgi.py')

/**
 * `uwsgi` is what its documentation gives a user, with the eviction that our cache has by default.
 * `uwsgi-tight` is the fastest it can be made for this workload: tables as small as the keys and
 * values allow, and no order of use to keep.
 */
const OPTIONS = { uwsgi: 'purge_lru=1', 'uwsgi-tight': 'blocksize=256,keysize=64' } as const

export type UwsgiName = keyof typeof OPTIONS

export async function startUwsgiParty(
  scope: Scope,
  name: UwsgiName,
  command: string,
  { site, keyCount }: PartyOptions,
): Promise<Party> {
  const controlPath = join(site.dir, 'control.sock')
  const sockets: Socket[] = []
  const server = createServer(socket => sockets.push(socket)).listen(controlPath)
  await once(server, 'listening')
  onEnd(scope, () => server.close())
  const items = site.itemCount + 1 // its first place is never used
  const cache = `name=bench,items=${items},${OPTIONS[name]}`
  const args = ['--master', '--die-on-term', '--socket', site.socketPath, '--cache2', cache]
  const mules = [`--mule=${SCRIPT}`, `--mule=${SCRIPT}`]
  const env = { BENCH_SOCKET: controlPath }
  const service = await startService(scope, command, [...args, ...mules], { env })
  const [first, second] = await service.waitFor('to start two mules', () => pairIn(sockets))
  onEnd(scope, () => [first, second].map(socket => socket.destroy()))
  const party = {
    name,
    first: workerAt(first, keyCount),
    second: workerAt(second, keyCount),
  }
  await party.first.ask({ kind: 'fill' })
  return party
}

function pairIn([first, second]: readonly Socket[]): [Socket, Socket] | undefined {
  return first === undefined || second === undefined ? undefined : [first, second]
}

/** Sends the workload, then a line for each request. */
function workerAt(socket: Socket, keyCount: number): Worker {
  const lines = createInterface(socket)[Symbol.asyncIterator]()
  const send = (message: unknown) => socket.write(`${JSON.stringify(message, plainBigint)}\n`)
  const chunks = Object.fromEntries(
    OPERATIONS.map(name => [name, chunksOf(keysOf(name, keyCount))]),
  )
  send({ chunks, string: STRING_VALUE, object: OBJECT_VALUE })
  return {
    ask: async (request: Request): Promise<Response> => {
      send(request)
      const { value, done } = await lines.next()
      if (done) throw new Error('a mule of uWSGI ended')
      return JSON.parse(value)
    },
  }
}

function plainBigint(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
