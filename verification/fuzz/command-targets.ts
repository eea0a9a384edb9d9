/**
 * Requests that are carried out on caches. After any request, each item has its own bytes and the
 * cache is intact.
 */

import assert from 'node:assert/strict'
import { REPLICATION } from '../../src/base/index.ts'
import { Cache } from '../../src/index.ts'
import {
  type CacheCommand,
  HEADER_SIZE,
  parseCacheCommand,
  parseDatagram,
  parseHeader,
} from '../../src/protocols/uwsgi/index.ts'
import {
  CacheSet,
  checkCommand,
  encodeOutcome,
  type Outcome,
  runCommand,
} from '../../src/server/uwsgi/cache-commands.ts'
import { answerSimpleCommand } from '../../src/server/uwsgi/simple-commands.ts'
import { VECTOR_REQUESTS } from './seeds.ts'
import { allowing, type FuzzTarget } from './target.ts'

const MAX_VALUE_SIZE = 512

function openCache(name: string, bitmap: boolean): Cache<Uint8Array> {
  const sizes = { maxItems: 50, maxKeySize: 32, blockSize: bitmap ? 16 : MAX_VALUE_SIZE }
  const room = bitmap ? { bitmap, blocks: 400 } : { bitmap }
  return Cache.open({ name, memory: 'private', eviction: 'lru', ...sizes, ...room })
}

/** All bytes of a value are equal, and the key determines them. */
function fillOf(key: Buffer): number {
  return key.reduce((sum, byte) => (sum * 31 + byte) & 0x7f, 7)
}

function commands(bitmap: boolean): FuzzTarget {
  const cache = openCache(bitmap ? 'runs' : 'blocks', bitmap)
  const context = { caches: new CacheSet([cache]), readOnly: false }
  const run = (request: CacheCommand): Outcome => {
    const early = checkCommand(request, context)
    if (early !== undefined) return early
    const size = Math.min(request.bodySize ?? 0, MAX_VALUE_SIZE)
    return runCommand(request, Buffer.alloc(size, fillOf(request.key)), context)
  }
  return {
    name: bitmap ? 'commands-bitmap' : 'commands',
    seeds: VECTOR_REQUESTS.map(bytes => bytes.subarray(HEADER_SIZE)),
    tokens: ['cmd', 'get', 'update', 'del', 'replace', 'mul', 'div', '0', '-9223372036854775808'],
    share: 7,
    run(input, random) {
      const request = parseCacheCommand(input, 0, input.length)
      if (request === undefined) return
      // Most keys are from a small set, so that requests find items.
      if (random.chance(0.7)) request.key = Buffer.of(97 + random.below(80))
      const outcome = run(request)
      encodeOutcome(outcome, { explicit: request.keep, stays: true, maxBodySize: 1e6 })
      if (outcome.kind !== 'ok' || request.name !== 'get') return
      const body = Buffer.from(outcome.body ?? [])
      const isOwn = body.length === 8 || body.every(byte => byte === fillOf(request.key))
      assert.ok(isOwn, `an answer has bytes of another item: ${body.toString('hex')}`)
    },
    finish() {
      assert.deepEqual(cache.verify().problems, [])
    },
  }
}

const raw = (() => {
  const cache = openCache('raw', true)
  const target: FuzzTarget = {
    name: 'raw-commands',
    seeds: VECTOR_REQUESTS,
    share: 7,
    run(input, random) {
      if (input.length < HEADER_SIZE) return
      const payload = input.subarray(HEADER_SIZE)
      const modifier2 = random.chance(0.5) ? random.below(7) : parseHeader(input).modifier2
      const context = { cache, readOnly: random.chance(0.1), maxReplySize: 10_000 }
      // The connection answers these errors with an empty reply.
      const codes = ['UNDERCROFT_KEY_INVALID', 'UNDERCROFT_VALUE_TOO_LARGE'] as const
      allowing(codes, () => answerSimpleCommand(modifier2, payload, context))
      const change = parseDatagram(input)
      if (change !== undefined) allowing(codes, () => cache[REPLICATION].apply(change))
    },
    finish() {
      assert.deepEqual(cache.verify().problems, [])
    },
  }
  return target
})()

export const COMMAND_TARGETS: readonly FuzzTarget[] = [commands(false), commands(true), raw]
