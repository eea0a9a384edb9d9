/** One request asks the application for all requests that wait. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { until, within } from '../../../testing/deadline.ts'
import { type AppResponse, type Fields, type Kind, type Seen, Subject } from './subject.ts'

const FRESH = { 'cache-control': 'max-age=60' }
const COUNT = 20

/** An application whose answers the test releases. */
class Gate {
  #open: () => void = () => {}
  readonly #opened = new Promise<void>(resolve => {
    this.#open = resolve
  })

  async pass<T>(value: T): Promise<T> {
    await this.#opened
    return value
  }

  open(): void {
    this.#open()
  }
}

function gated(subject: Subject, response: AppResponse | ((seen: Seen) => AppResponse)): Gate {
  const gate = new Gate()
  subject.answer(seen => gate.pass(typeof response === 'function' ? response(seen) : response))
  return gate
}

export function describeTurns(kind: Kind): void {
  const many = (subject: Subject, headers: Fields = {}) =>
    Array.from({ length: COUNT }, () => subject.getMeanwhile('/', headers))
  const isAsked = (subject: Subject, times: number) =>
    until(`the application is asked ${times} times`, () => subject.calls.length >= times)

  describe('of many requests for a page that is not stored', () => {
    test('one asks the application, and all get the answer', async t => {
      const subject = await Subject.start(t, kind)
      const gate = gated(subject, { headers: { ...FRESH, etag: '"v1"' }, body: 'page' })
      const first = subject.getMeanwhile('/')
      await isAsked(subject, 1)
      const others = many(subject)
      const conditional = subject.getMeanwhile('/', { 'if-none-match': '"v1"' })
      gate.open()
      const all = await within('all to be answered', Promise.all([first, ...others]))
      assert.deepEqual(new Set(all.map(({ body }) => body)), new Set(['page']))
      const outcomes = new Set(all.slice(1).map(({ cached }) => cached))
      // Requests that arrived after the page was stored did not have to wait.
      outcomes.delete('hit; ttl=60')
      assert.ok([...outcomes].every(text => text === 'fwd=uri-miss; ttl=60; collapsed'))
      assert.equal((await conditional).status, 304)
      assert.equal(subject.calls.length, 1)
      assert.deepEqual(subject.errors, [])
    })

    test('one for each variant asks the application', async t => {
      const subject = await Subject.start(t, kind)
      const headers = { ...FRESH, vary: 'x-kind' }
      const gate = gated(subject, seen => ({ headers, body: `for ${seen.headers['x-kind']}` }))
      const all = ['a', 'b'].flatMap(value => many(subject, { 'x-kind': value }))
      await isAsked(subject, 1)
      gate.open()
      const bodies = (await within('all to be answered', Promise.all(all))).map(({ body }) => body)
      assert.deepEqual(bodies, [...Array(COUNT).fill('for a'), ...Array(COUNT).fill('for b')])
      assert.equal(subject.calls.length, 2)
    })

    test('all ask at once when it turns out that nobody can use the answer of another', async t => {
      const subject = await Subject.start(t, kind)
      const gate = gated(subject, { headers: { 'cache-control': 'private' }, body: 'mine' })
      const first = subject.getMeanwhile('/')
      await isAsked(subject, 1)
      const others = many(subject)
      gate.open()
      const second = gated(subject, { headers: { 'cache-control': 'private' }, body: 'mine' })
      await isAsked(subject, COUNT + 1) // with none of the others answered yet
      second.open()
      await within('all to be answered', Promise.all([first, ...others]))
    })

    test('those with cookies ask at once when the default TTL is not for them', async t => {
      const subject = await Subject.start(t, kind, { defaultTtlMs: 60_000 })
      subject.answer({ body: 'page' })
      const cookie = { cookie: 'user=ada' }
      await subject.get('/', cookie)
      const gate = gated(subject, { body: 'page' })
      const all = many(subject, cookie)
      await isAsked(subject, COUNT + 1)
      gate.open()
      await within('all to be answered', Promise.all(all))
      await subject.get('/')
      assert.ok((await subject.get('/')).cached.startsWith('hit'))
    })

    test('all ask in the end, when one waits for the application too long', async t => {
      const subject = await Subject.start(t, kind, { waitMs: 0 })
      const gate = gated(subject, { headers: FRESH, body: 'page' })
      const first = subject.getMeanwhile('/')
      await isAsked(subject, 1)
      const others = many(subject)
      await isAsked(subject, COUNT + 1)
      gate.open()
      const all = await within('all to be answered', Promise.all([first, ...others]))
      const stored = all.filter(({ cached }) => cached.includes('stored'))
      assert.equal(stored.length, 1)
      assert.ok(all.every(got => stored.includes(got) || got.cached.endsWith('detail=no-turn')))
    })

    test('the next asks when the answer is an error, soon after', async t => {
      const subject = await Subject.start(t, kind)
      subject.answer({ status: 500, body: 'broken' })
      assert.equal((await subject.get('/')).status, 500)
      subject.clock.advance(1000)
      subject.answer({ headers: FRESH, body: 'page' })
      assert.equal((await subject.get('/')).cached, 'fwd=uri-miss; ttl=60; stored')
    })

    test('a page that was not for storing is stored as soon as it is', async t => {
      const subject = await Subject.start(t, kind)
      subject.answer({ body: 'page' })
      await subject.get('/')
      assert.equal((await subject.get('/')).cached, 'fwd=uri-miss; detail=no-freshness')
      subject.answer({ headers: FRESH, body: 'page' })
      assert.equal((await subject.get('/')).cached, 'fwd=uri-miss; ttl=60; stored')
      assert.equal((await subject.get('/')).cached, 'hit; ttl=60')
    })
  })
}
