/** Which responses are stored. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { NOT_STORED, STORED } from './storing-cases.ts'
import { type Fields, type Kind, Subject } from './subject.ts'

const FRESH = { 'cache-control': 'max-age=60' }

export function describeStoring(kind: Kind): void {
  describe('a response is stored', () => {
    for (const [what, response, seconds] of STORED) {
      test(`with ${what}: fresh for ${seconds} seconds`, async t => {
        const subject = await Subject.start(t, kind)
        const age = Number.parseInt(String(response.headers?.age ?? 0), 10) || 0
        subject.answer({ body: 'page', ...response })
        const first = await subject.get('/')
        assert.equal(first.cached, `fwd=uri-miss; ttl=${seconds}; stored`)
        subject.clock.advance(seconds * 1000 - 1)
        const last = await subject.get('/')
        assert.equal(last.cached, 'hit; ttl=0')
        assert.equal(last.headers.age, String(age + seconds - 1))
        assert.deepEqual([last.status, last.body], [first.status, first.body])
        assert.equal(last.headers.location, response.headers?.location)
        subject.clock.advance(1)
        await subject.get('/')
        assert.equal(subject.calls.length, 2)
        assert.deepEqual(subject.errors, [])
      })
    }

    test('with all of its header but what is of one connection', async t => {
      const subject = await Subject.start(t, kind)
      const headers = {
        ...FRESH,
        'content-type': 'text/html; charset=utf-8',
        link: ['</a>; rel=preload', '</b>; rel=preload'],
        'x-kept': 'é'.normalize(),
        'keep-alive': 'timeout=77',
        'proxy-authenticate': 'Basic',
        'content-language': 'de',
        date: 'Fri, 15 Jan 2027 08:00:00 GMT',
      }
      subject.answer({ headers, body: 'größe' })
      const first = await subject.get('/')
      const second = await subject.get('/')
      for (const name of ['content-type', 'link', 'x-kept', 'content-language', 'date']) {
        assert.equal(second.headers[name], first.headers[name], name)
      }
      assert.equal(second.headers.link, '</a>; rel=preload, </b>; rel=preload')
      assert.notEqual(second.headers['keep-alive'], 'timeout=77')
      assert.equal(second.headers['proxy-authenticate'], undefined)
      assert.equal(second.headers['content-length'], '7')
      assert.equal(Buffer.from(second.body, 'latin1').toString(), 'größe')
    })

    test('byte for byte, also an empty one and one of many pieces', async t => {
      const subject = await Subject.start(t, kind)
      const large = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251))
      for (const [path, body] of Object.entries({ '/large': large, '/empty': '' })) {
        subject.answer({ headers: FRESH, body })
        await subject.get(path)
        const { body: stored, cached } = await subject.get(path)
        assert.ok(cached.startsWith('hit'))
        assert.ok(Buffer.from(stored, 'latin1').equals(Buffer.from(body)))
      }
    })
  })

  describe('a response is not stored', () => {
    for (const [what, response, detail] of NOT_STORED) {
      test(`with ${what}, and reaches the client whole`, async t => {
        const subject = await Subject.start(t, kind)
        subject.answer({ body: 'page', ...response })
        const first = await subject.get('/')
        const second = await subject.get('/')
        assert.equal(first.cached, `fwd=uri-miss; detail=${detail}`)
        assert.deepEqual(
          [second.status, second.body],
          [response.status ?? 200, response.body ?? 'page'],
        )
        assert.equal(subject.calls.length, 2)
        assert.equal(second.headers['set-cookie'], response.headers?.['set-cookie'])
        assert.deepEqual(subject.errors, [])
      })
    }

    test('with a body larger than maxBodySize, announced or not', async t => {
      const subject = await Subject.start(t, kind, { maxBodySize: 1000 })
      for (const [path, size] of [
        ['/fits', 1000],
        ['/large', 1001],
      ] as const) {
        for (const headers of [FRESH, { ...FRESH, 'content-length': String(size) }]) {
          subject.answer({ headers, body: 'x'.repeat(size) })
          const url = `${path}?${Object.keys(headers).length}`
          assert.equal((await subject.get(url)).body.length, size)
          const again = await subject.get(url)
          assert.equal(again.body.length, size)
          assert.equal(again.cached.startsWith('hit'), size === 1000, url)
        }
      }
    })

    test('to a method other than GET', async t => {
      const subject = await Subject.start(t, kind)
      subject.answer({ headers: FRESH, body: 'page' })
      for (const method of ['POST', 'HEAD', 'OPTIONS', 'PUT']) {
        await subject.send(method, '/')
        await subject.send(method, '/')
      }
      assert.equal(subject.calls.length, 8)
      assert.deepEqual(subject.keys(), [])
    })

    test('where there is no room, and reaches the client whole', async t => {
      const subject = await Subject.start(t, kind)
      const size = subject.memory.maxValueSize
      subject.answer({ headers: FRESH, body: 'x'.repeat(size) })
      assert.equal((await subject.get('/')).body.length, size)
      assert.equal((await subject.get('/')).body.length, size)
    })
  })

  describeUnlessTold(kind)
}

function describeUnlessTold(kind: Kind): void {
  const user = { authorization: 'Basic dTpw' }

  describe('unless told to, it does not store', () => {
    test('responses to Authorization, unless they say that they are for all', async t => {
      const subject = await Subject.start(t, kind)
      for (const allowed of ['public, max-age=60', 's-maxage=60', 'max-age=60, must-revalidate']) {
        subject.answer({ headers: { 'cache-control': allowed }, body: allowed })
        await subject.get(`/${allowed.length}`, user)
        assert.ok((await subject.get(`/${allowed.length}`, user)).cached.startsWith('hit'), allowed)
      }
      subject.answer(({ headers }) => ({ headers: FRESH, body: `for ${headers.authorization}` }))
      assert.equal((await subject.get('/', user)).cached, 'fwd=uri-miss; detail=authorization')
      assert.equal((await subject.get('/')).body, 'for undefined')
      assert.equal((await subject.get('/')).cached, 'hit; ttl=60')
      const own = await subject.get('/', user)
      assert.equal(own.body, `for ${user.authorization}`)
      assert.equal(own.cached, 'fwd=bypass; detail=credentials')
    })

    test('what alsoStore names', async t => {
      const cases: readonly (readonly [
        'authorization' | 'private' | 'no-store',
        Fields,
        Fields,
      ])[] = [
        ['authorization', FRESH, user],
        ['private', { 'cache-control': 'private, max-age=60' }, {}],
        ['no-store', { 'cache-control': 'no-store, max-age=60' }, {}],
      ]
      for (const [name, headers, asked] of cases) {
        const subject = await Subject.start(t, kind, { alsoStore: [name] })
        subject.answer({ headers, body: 'page' })
        await subject.get('/', asked)
        assert.ok((await subject.get('/', asked)).cached.startsWith('hit'), name)
      }
    })

    test('cookies, and with alsoStore stores the page without them', async t => {
      const subject = await Subject.start(t, kind, { alsoStore: ['set-cookie'] })
      subject.answer({ headers: { ...FRESH, 'set-cookie': 'id=1' }, body: 'page' })
      assert.equal((await subject.get('/')).headers['set-cookie'], 'id=1')
      const second = await subject.get('/')
      assert.ok(second.cached.startsWith('hit'))
      assert.equal(second.headers['set-cookie'], undefined)
    })

    test('what says nothing of freshness, and with defaultTtlMs only what all may see', async t => {
      const subject = await Subject.start(t, kind, { defaultTtlMs: 1500 })
      const hit = async (path: string, headers: Fields = {}) =>
        (await subject.get(path, headers)).cached.startsWith('hit')
      subject.answer(({ headers }) => ({ body: `for ${headers.cookie}` }))
      assert.deepEqual([await hit('/'), await hit('/')], [false, true])
      assert.equal(await hit('/', { cookie: 'user=ada' }), false)
      assert.equal(await hit('/', { authorization: 'x' }), false)
      subject.clock.advance(1500)
      assert.equal(await hit('/'), false)
      assert.equal(
        (await subject.get('/other', { cookie: 'a=1' })).cached,
        'fwd=uri-miss; detail=cookie',
      )
      assert.deepEqual([await hit('/other'), await hit('/other')], [false, true])
      for (const [index, response] of [
        { status: 404 },
        { headers: { 'cache-control': 'no-cache' } },
        { headers: { 'cache-control': 'max-age=0' } },
        { headers: { expires: '0' } },
        { headers: { pragma: 'no-cache' } },
      ].entries()) {
        subject.answer({ body: 'page', ...response })
        assert.deepEqual([await hit(`/${index}`), await hit(`/${index}`)], [false, false])
      }
    })
  })
}
