import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { type Acquisition, type Lease, SingleFlight } from '../../src/single-flight/index.ts'
import { until, within } from '../../testing/deadline.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { onEnd } from '../../testing/scope.ts'
import { processDir } from '../../testing/temp-dir.ts'

const WAIT_MS = 5000
const LEASE_MS = 2000
const RENEW_MS = 500

const directory = processDir()
let serial = 0

interface Setting {
  readonly cache: Cache<string>
  readonly clock: ManualClock
  readonly errors: unknown[]
  /** @returns turns that stand for those of another process */
  flight(): SingleFlight
}

function setting(t: TestContext, options: Partial<CacheOptions> = {}): Setting {
  const clock = new ManualClock()
  const cache = Cache.open<string>({
    name: `flight-${++serial}`,
    directory,
    memory: 'private',
    maxItems: 100,
    clock,
    ...options,
  })
  onEnd(t, () => cache.destroy())
  const errors: unknown[] = []
  const onError = (error: unknown) => errors.push(error)
  return { cache, clock, errors, flight: () => new SingleFlight({ cache, clock, onError }) }
}

/** Asks for `page`, and does not end a turn that leads. */
function enter(
  { cache }: Setting,
  flight: SingleFlight,
  waitMs = WAIT_MS,
): Promise<Acquisition<string>> {
  return flight.acquireOrWait('page', () => cache.get('page'), waitMs)
}

async function lead(subject: Setting, flight: SingleFlight): Promise<Lease> {
  const turn = await enter(subject, flight)
  assert.equal(turn.kind, 'leader')
  return turn.kind === 'leader' ? turn.lease : assert.fail()
}

describe('of those who ask for what is not there', () => {
  test('the first leads, all others find what it stored, in its process and elsewhere', async t => {
    const subject = setting(t)
    const [here, there] = [subject.flight(), subject.flight()]
    const lease = await lead(subject, here)
    const others = [here, here, there, there].map(flight => enter(subject, flight))
    await until('the other process waits', () => subject.cache.stats().hits > 0)
    subject.cache.set('page', 'made once')
    await lease.end()
    for (const turn of await within('all to be answered', Promise.all(others))) {
      assert.deepEqual(turn, { kind: 'found', found: 'made once', waited: true })
    }
    assert.deepEqual([...subject.cache.keys()], ['page'])
  })

  test('one that comes between the store and the end of the lease is not led astray', async t => {
    const subject = setting(t)
    let looks = 0
    const turn = await subject
      .flight()
      .acquireOrWait('page', () => (++looks === 1 ? 'stored just before' : undefined), WAIT_MS)
    assert.deepEqual(turn, { kind: 'found', found: 'stored just before', waited: false })
    assert.deepEqual([...subject.cache.keys()], [])
  })

  test('the next leads when the first stores nothing, one after the other', async t => {
    const subject = setting(t)
    const flights = [subject.flight(), subject.flight()]
    const first = await lead(subject, flights[0] as SingleFlight)
    let leading = 0
    let mostLeading = 0
    const others = flights.flatMap(flight =>
      Array.from({ length: 3 }, async () => {
        const turn = await enter(subject, flight)
        assert.ok(turn.kind === 'leader')
        mostLeading = Math.max(mostLeading, ++leading)
        await new Promise(setImmediate)
        leading--
        await turn.lease.end()
      }),
    )
    await first.end()
    await within('all to have led', Promise.all(others))
    assert.equal(mostLeading, 1)
  })

  test('the next leads when the first is gone without a word', async t => {
    for (const ignoreTtl of [false, true]) {
      const subject = setting(t, { ignoreTtl })
      await lead(subject, subject.flight())
      const next = enter(subject, subject.flight())
      await until('the other waits', () => subject.cache.stats().hits > 0)
      subject.clock.advance(LEASE_MS + 1)
      assert.equal((await within('the next to lead', next)).kind, 'leader')
    }
  })

  test('none waits longer than it wants to', async t => {
    const subject = setting(t)
    const here = subject.flight()
    await lead(subject, here)
    assert.deepEqual(await enter(subject, here, 1), { kind: 'alone' })
    const elsewhere = enter(subject, subject.flight(), 1000)
    await until('it waits', () => subject.cache.stats().hits > 0)
    subject.clock.advance(1000)
    assert.deepEqual(await within('it to give up', elsewhere), { kind: 'alone' })
  })

  test('none waits for one that is at it for longer than anybody would wait', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const subject = setting(t)
    const here = subject.flight()
    await lead(subject, here)
    await pass(t, subject, WAIT_MS)
    assert.deepEqual(await enter(subject, here), { kind: 'alone' })
    assert.deepEqual(await enter(subject, subject.flight()), { kind: 'alone' })
  })

  test('all go on alone without room for a lease, or when something else has its key', async t => {
    const full = setting(t, { maxItems: 1, eviction: 'none' })
    full.cache.set('other', 'x')
    const flight = full.flight()
    const turns = await Promise.all([enter(full, flight), enter(full, flight)])
    assert.deepEqual(turns, [{ kind: 'alone' }, { kind: 'alone' }])
    const taken = setting(t)
    taken.cache.set('lease:page', 'not a lease')
    assert.deepEqual(await enter(taken, taken.flight()), { kind: 'alone' })
    assert.equal(taken.cache.get('lease:page'), 'not a lease')
  })

  test('a failing cache fails them all, and keeps none waiting', async t => {
    const subject = setting(t)
    const flight = subject.flight()
    subject.cache.close()
    const turns = [enter(subject, flight), enter(subject, flight)]
    for (const { status, reason } of await within('all', settled(turns))) {
      assert.equal(status, 'rejected')
      assert.equal(reason.code, 'UNDERCROFT_CLOSED')
    }
  })

  test('an attempt has the lease at once or not at all', async t => {
    const subject = setting(t)
    const [here, there] = [subject.flight(), subject.flight()]
    const lease = await here.tryAcquire('page')
    assert.ok(lease !== undefined)
    assert.equal(await here.tryAcquire('page'), undefined)
    assert.equal(await there.tryAcquire('page'), undefined)
    await lease.end()
    assert.ok((await there.tryAcquire('page')) !== undefined)
  })
})

describe('a lease', () => {
  test('is held for as long as its holder is at work', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const subject = setting(t)
    const lease = await lead(subject, subject.flight())
    await pass(t, subject, 5 * LEASE_MS)
    assert.equal(await lease.isHeld(), true)
    assert.equal(await subject.flight().tryAcquire('page'), undefined)
    assert.deepEqual(subject.errors, [])
  })

  test('ends some time, even if its holder never does', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const subject = setting(t)
    await lead(subject, subject.flight())
    await pass(t, subject, 70_000)
    assert.ok((await subject.flight().tryAcquire('page')) !== undefined)
  })

  test('is lost when it is revoked: what was made may be of before', async t => {
    const subject = setting(t)
    const lease = await lead(subject, subject.flight())
    await subject.flight().revoke('page')
    assert.equal(await lease.isHeld(), false)
    await lease.end()
  })

  test('stays lost after it was revoked, however long the work takes', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const subject = setting(t)
    const lease = await lead(subject, subject.flight())
    await subject.flight().revoke('page')
    await pass(t, subject, 5 * LEASE_MS)
    assert.equal(await lease.isHeld(), false)
    assert.ok((await subject.flight().tryAcquire('page')) !== undefined)
  })

  test('is still held when its holder was only too busy to renew it', async t => {
    const subject = setting(t)
    const lease = await lead(subject, subject.flight())
    subject.clock.advance(LEASE_MS + 1)
    assert.equal(await lease.isHeld(), true)
    assert.equal(await subject.flight().tryAcquire('page'), undefined)
  })

  test('is lost when another took over meanwhile, and that one keeps it', async t => {
    const subject = setting(t)
    const lease = await lead(subject, subject.flight())
    subject.clock.advance(LEASE_MS + 1)
    const other = await lead(subject, subject.flight())
    assert.equal(await lease.isHeld(), false)
    await lease.end()
    assert.equal(await other.isHeld(), true)
  })

  test('fits under any key, of bytes too, and however long', async t => {
    const subject = setting(t, { maxKeySize: 16 })
    const flight = subject.flight()
    for (const key of ['k', 'a key of 16 byte', Buffer.from([0, 255])]) {
      const lease = await flight.tryAcquire(key)
      assert.ok(lease !== undefined)
      assert.equal(await subject.flight().tryAcquire(key), undefined)
      await lease.end()
    }
  })

  test('that cannot be ended tells so, and ends by its TTL', async t => {
    const subject = setting(t)
    const lease = await lead(subject, subject.flight())
    subject.cache.close()
    await lease.end()
    assert.equal(subject.errors.length, 1)
  })
})

/** Lets time pass, for timers and for the clock. */
async function pass(t: TestContext, { clock }: Setting, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += RENEW_MS) {
    clock.advance(RENEW_MS)
    t.mock.timers.tick(RENEW_MS)
    await new Promise(setImmediate) // the work that the timers began continues here
  }
}

async function settled(
  promises: readonly Promise<unknown>[],
): Promise<{ status: string; reason: { code?: string } }[]> {
  const results = await Promise.allSettled(promises)
  return results.map(result => ({
    status: result.status,
    reason: result.status === 'rejected' ? result.reason : {},
  }))
}
