/**
 * One client process of the remote benchmark with `RemoteCache`: `remote-child.js CALLS KEY_COUNT`.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { RemoteCache } from '../../src/client/index.ts'
import { answer } from '../../testing/child-side.ts'
import { STRING_VALUE } from '../compare/workload.ts'
import { type RemoteTask, type RemoteTiming, remoteKeys } from './remote-clients.ts'

const [callCountText = '', keyCountText = ''] = process.argv.slice(2)
const callCount = Number(callCountText)
const keys = remoteKeys(Number(keyCountText))
const caches = new Map<string, RemoteCache<string>>()

answer<RemoteTask, RemoteTiming>(async ({ operation, server, startAtNs, durationMs }) => {
  const cache = caches.get(server) ?? (await RemoteCache.connect<string>(server))
  caches.set(server, cache)
  const call = operation === 'get' ? getFrom(cache) : setIn(cache)
  await delay(Number(startAtNs - process.hrtime.bigint()) / 1e6)
  return runFor(durationMs, call)
})

type RemoteCall = (key: string) => Promise<void>

function getFrom(cache: RemoteCache<string>): RemoteCall {
  return async key => {
    const value = await cache.get(key)
    // One of uWSGI's clients may have stored the value as bytes.
    if (String(value) !== STRING_VALUE) throw new Error(`no value for ${key}`)
  }
}

function setIn(cache: RemoteCache<string>): RemoteCall {
  return async key => {
    if (!(await cache.set(key, STRING_VALUE))) throw new Error(`${key} was not stored`)
  }
}

/** Runs `callCount` loops at once, each with one call after the other. */
async function runFor(durationMs: number, call: RemoteCall): Promise<RemoteTiming> {
  let count = 0
  const startedMs = performance.now()
  const lane = async (first: number): Promise<void> => {
    for (let i = first; performance.now() - startedMs < durationMs; i += callCount) {
      await call(keys[i % keys.length] ?? '')
      count++
    }
  }
  await Promise.all(Array.from({ length: callCount }, (_, i) => lane(i)))
  return { callCount: count, elapsedMs: performance.now() - startedMs }
}
