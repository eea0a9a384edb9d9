import assert from 'node:assert/strict'
import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { describe, test } from 'node:test'
import { Cache } from '../../src/index.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'

/** Collects the messages of a channel. */
function messagesOf(scope: Scope, name: string): object[] {
  const messages: object[] = []
  const collect = (message: unknown) => messages.push({ ...(message as object) })
  subscribe(name, collect)
  onEnd(scope, () => unsubscribe(name, collect))
  return messages
}

function openPrivate(scope: Scope): Cache {
  const cache = Cache.open({ name: 'traced', maxItems: 10, memory: 'private' })
  onEnd(scope, () => cache.destroy())
  return cache
}

describe('the channel', () => {
  test('undercroft:get has each get of this process, near copies included', t => {
    const cache = openPrivate(t)
    const messages = messagesOf(t, 'undercroft:get')
    cache.get('k')
    cache.set('k', 'value')
    for (let i = 0; i < 20; i++) cache.get('k')
    assert.equal(messages.length, 21)
    assert.deepEqual(messages[0], { cache: 'traced', key: 'k', isHit: false })
    assert.deepEqual(messages[20], { cache: 'traced', key: 'k', isHit: true })
    assert.ok(cache.stats().nearHits > 0)
  })

  test('undercroft:set has each call that stores, and what came of it', t => {
    const cache = openPrivate(t)
    const messages = messagesOf(t, 'undercroft:set')
    cache.set('k', 1)
    cache.set('k', 2, { tags: ['t'] })
    cache.add('k', 3)
    cache.replace('other', 4)
    assert.deepEqual(
      messages,
      ['stored', 'stored', 'exists', 'absent'].map((outcome, i) => ({
        cache: 'traced',
        key: i < 3 ? 'k' : 'other',
        outcome,
      })),
    )
  })

  test('undercroft:delete has each delete', t => {
    const cache = openPrivate(t)
    const messages = messagesOf(t, 'undercroft:delete')
    cache.set('k', 1)
    cache.delete('k')
    cache.delete('k')
    assert.deepEqual(messages, [
      { cache: 'traced', key: 'k', wasPresent: true },
      { cache: 'traced', key: 'k', wasPresent: false },
    ])
  })

  test('undercroft:load traces each load from its start to its end or failure', async t => {
    const cache = openPrivate(t)
    const events: string[] = []
    const note = (event: string) => (message: object) => {
      const { cache: name, key } = message as { cache: string; key: string }
      events.push(`${event} ${name} ${key}`)
    }
    const handlers = {
      start: note('start'),
      end: note('end'),
      asyncStart: note('asyncStart'),
      asyncEnd: note('asyncEnd'),
      error: note('error'),
    }
    const load = tracingChannel('undercroft:load')
    load.subscribe(handlers)
    onEnd(t, () => load.unsubscribe(handlers))
    await cache.getOrSet('good', () => 1)
    await cache.getOrSet('good', () => 2)
    await assert.rejects(cache.getOrSet('bad', () => Promise.reject(new Error('down'))))
    assert.deepEqual(events, [
      ...['start', 'end', 'asyncStart', 'asyncEnd'].map(event => `${event} traced good`),
      ...['start', 'end', 'error', 'asyncStart', 'asyncEnd'].map(event => `${event} traced bad`),
    ])
  })
})
