/** When the cache fails or has damaged values, clients do not notice. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import type { CacheLike } from '../../../src/base/index.ts'
import { UndercroftError } from '../../../src/index.ts'
import { seededRandom } from '../../../testing/random.ts'
import { type Kind, Subject } from './subject.ts'

const FRESH = { 'cache-control': 'max-age=60' }
const KEY = 'page:http://example.test/'

export function describeFailures(kind: Kind): void {
  describe('a value that is no stored response', () => {
    test('is a miss, and replaced', async t => {
      const subject = await Subject.start(t, kind)
      subject.answer({ headers: { ...FRESH, 'x-kind': 'page' }, body: 'page' })
      await subject.get('/')
      const good = subject.memory.getItem(KEY)?.bytes ?? assert.fail('not stored')
      for (const bytes of brokenFrom(good)) {
        subject.memory.set(KEY, bytes)
        const before = subject.calls.length
        const got = await subject.get('/')
        assert.deepEqual([got.status, got.body], [200, 'page'])
        assert.equal(subject.calls.length, before + 1, bytes.toString('latin1'))
        assert.equal((await subject.get('/')).cached, 'hit; ttl=60')
      }
      subject.memory.set(KEY, { some: 'object' })
      assert.equal((await subject.get('/')).status, 200)
      assert.deepEqual(subject.errors, [])
    })

    test('is a miss whatever bit is wrong, or a page; never an error', async t => {
      const random = seededRandom(t)
      const subject = await Subject.start(t, kind)
      subject.answer({ headers: { ...FRESH, vary: 'x-kind' }, body: 'page' })
      await subject.get('/')
      const items = new Map(
        subject.keys().map(key => [key, subject.memory.getItem(key)?.bytes ?? Buffer.alloc(0)]),
      )
      for (let round = 0; round < 150; round++) {
        for (const [key, bytes] of items) {
          const broken = Buffer.from(bytes)
          const at = random.below(broken.length)
          broken[at] = (broken[at] ?? 0) ^ (1 << random.below(8))
          subject.memory.set(key, broken)
        }
        assert.equal((await subject.get('/')).status, 200)
      }
      assert.deepEqual(subject.errors, [])
    })
  })

  describe('a cache that fails', () => {
    for (const method of ['getItem', 'setItem', 'delete', 'has'] as const) {
      for (const isLate of [false, true]) {
        test(`in ${method}, ${isLate ? 'later' : 'at once'}: the application answers`, async t => {
          const failing: Kind = {
            ...kind,
            openStore: async (scope, memory) =>
              failingIn(await kind.openStore(scope, memory), method, isLate),
          }
          const subject = await Subject.start(t, failing)
          subject.answer({ headers: FRESH, body: 'page' })
          for (const verb of ['GET', 'GET', 'HEAD', 'POST', 'GET']) {
            // A lease that cannot be deleted ends by its TTL.
            subject.clock.advance(3000)
            assert.equal((await subject.sendMeanwhile(verb, '/')).status, 200)
          }
          assert.ok(subject.errors.every(error => error instanceof UndercroftError))
          assert.equal(subject.errors.length > 0, method !== 'has')
        })
      }
    }

    test('fails a delete by hand', async t => {
      const subject = await Subject.start(t, {
        ...kind,
        openStore: async (scope, memory) =>
          failingIn(await kind.openStore(scope, memory), 'delete', true),
      })
      await assert.rejects(subject.pages.delete('x'), { code: 'UNDERCROFT_LOCK_TIMEOUT' })
    })
  })

  describe('a key function that fails', () => {
    test('is told, and the application answers', async t => {
      const key = () => {
        throw new Error('no key')
      }
      const subject = await Subject.start(t, kind, { key })
      subject.answer({ headers: FRESH, body: 'page' })
      assert.equal((await subject.get('/')).cached, 'fwd=bypass; detail=cache-error')
      assert.equal((await subject.send('POST', '/')).status, 200)
      assert.equal(subject.errors.length, 2)
    })
  })
}

function* brokenFrom(good: Buffer): Generator<Buffer> {
  const text = good.toString('latin1')
  const changed = (from: string, to: string) => {
    assert.ok(text.includes(from) && from.length === to.length)
    return sealed(Buffer.from(text.replace(from, to), 'latin1'))
  }
  yield Buffer.alloc(0)
  yield Buffer.from('HTTP/1.1 200 OK\r\n\r\npage')
  yield good.subarray(0, 10)
  yield good.subarray(0, -1)
  yield Buffer.concat([good, Buffer.from('x')])
  yield Buffer.concat([Buffer.from('uch1'), good.subarray(4)])
  yield changed('"kind":"page"', '"kind":"vary"')
  yield changed('"status":200', '"status":101')
  yield changed('"x-kind"', '"x kind"')
  yield changed('"x-kind"', '"x-\\nnd"')
  yield changed('"freshMs":60000', '"freshMs":"6000')
  yield changed('"bodySize":4', '"bodySize":5')
}

/** Writes the digest of a changed head: 4 bytes of mark, 4 of size, 8 of digest, the head. */
function sealed(record: Buffer): Buffer {
  const head = record.subarray(16, 16 + record.readUInt32LE(4))
  createHash('sha256').update(head).digest().copy(record, 8, 0, 8)
  return record
}

/** Fails as a cache does whose lock is held by a stopped process. */
function failingIn(cache: CacheLike, failing: keyof CacheLike, isLate: boolean): CacheLike {
  return new Proxy(cache, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      if (name !== failing) return value.bind(target)
      return () => {
        const error = new UndercroftError('UNDERCROFT_LOCK_TIMEOUT', 'no lock')
        if (isLate) return Promise.reject(error)
        throw error
      }
    },
  })
}
