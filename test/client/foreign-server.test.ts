/**
 * A remote cache at servers that are not ours: a real uWSGI, and broken or silent ones.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { serialize } from 'node:v8'
import { RemoteCache, type RemoteCacheOptions } from '../../src/client/index.ts'
import { magic } from '../../testing/magic.ts'
import { type ScriptedServer, startScriptedServer } from '../../testing/scripted-server.ts'
import { readVectors, type Vector } from '../../testing/vectors.ts'

/** One reply a connection, then close. */
function answering(...replies: (string | undefined)[]): Promise<ScriptedServer> {
  return startScriptedServer((socket, _received, index) => {
    const hex = replies[index]
    if (hex !== undefined) socket.end(Buffer.from(hex, 'hex'))
    else socket.destroy()
  })
}

function cacheAt(server: ScriptedServer, options?: RemoteCacheOptions): RemoteCache {
  return new RemoteCache(`n@${server.address}`, options)
}

function failsWith(code: string, text = '') {
  return (error: unknown) => {
    assert.equal((error as { code?: string }).code, code)
    assert.match(String(error), new RegExp(text))
    return true
  }
}

const vectors = new Map(readVectors('tcp-client').map(vector => [vector.name, vector]))

function vector(name: string): Vector {
  const found = vectors.get(name)
  assert.ok(found !== undefined, `there is a vector ${name}`)
  return found
}

const OK = vector('client-set').response_hex

describe('at a real uWSGI a remote cache', () => {
  test('sends the names of a uWSGI client, in their order, and its own beside them', async () => {
    await using server = await answering(OK)
    await using cache = cacheAt(server)
    assert.equal(await cache.set('k', 'v', { ttlMs: 9000 }), true)
    const text = server.requests[0]?.toString('latin1') ?? ''
    const names = ['cmd', 'update', 'key', 'k', 'size', 'ttl', 'expires', 'cache', 'keep']
    const positions = names.map(name => text.indexOf(name))
    assert.deepEqual(
      positions,
      [...positions].sort((a, b) => a - b),
    )
    assert.ok(positions.every(position => position > 0))
    assert.ok(text.endsWith('v'))
    assert.ok(text.includes('expires\x01\x009'), 'relative seconds, as uWSGI wants them')
  })

  for (const name of ['client-get', 'client-get-expiring', 'client-get-reply-modifiers-ignored']) {
    test(`reads its answer: ${name}`, async () => {
      await using server = await answering(vector(name).response_hex)
      await using cache = cacheAt(server)
      assert.equal(String(await cache.get('k')), 'val')
    })
  }

  test('takes a closed connection for a miss or a refusal', async () => {
    await using server = await answering()
    await using cache = cacheAt(server)
    assert.equal(await cache.get('k'), undefined)
    assert.equal(await cache.has('k'), false)
    assert.equal(await cache.set('k', 'v'), false)
    assert.equal(await cache.add('k', 'v'), false)
    assert.equal(await cache.delete('k'), false)
    assert.equal(server.requests.length, 5, 'each call had its own connection')
  })

  test('connects anew for each call, also when many are made at once', async () => {
    const hit = vector('client-get').response_hex
    await using server = await answering(hit, hit, hit, hit)
    await using cache = cacheAt(server)
    const values = await Promise.all(['a', 'b', 'c', 'd'].map(key => cache.get(key)))
    assert.deepEqual(values.map(String), ['val', 'val', 'val', 'val'])
    assert.equal(server.requests.length, 4)
  })

  test('gives text and plain data back as the bytes that uWSGI keeps', async () => {
    await using server = await answering(OK, vector('client-get').response_hex)
    await using cache = cacheAt(server)
    assert.equal(await cache.set('k', { plain: true }), true)
    assert.ok(server.requests[0]?.toString('latin1').endsWith('{"plain":true}'))
    assert.deepEqual(await cache.get('k'), Buffer.from('val'))
  })

  test('cannot store an empty value, and says why', async () => {
    await using server = await answering()
    await using cache = cacheAt(server)
    await assert.rejects(cache.set('k', ''), failsWith('UNDERCROFT_VALUE_UNSUPPORTED', 'miss'))
  })

  test('refuses to count rather than to overwrite the number', async () => {
    await using server = await answering()
    await using cache = cacheAt(server)
    const refused = failsWith('UNDERCROFT_REMOTE_REFUSED', 'does not know')
    await assert.rejects(cache.count('k', 'inc', 5n), refused)
    await assert.rejects(cache.increment('k'), refused)
    await assert.rejects(cache.replace('k', 'v'), refused)
    await assert.rejects(cache.touch('k', 5), refused)
    await assert.rejects(cache.ttlMs('k'), refused)
    await assert.rejects(cache.stats(), refused)
    assert.ok(server.requests.every(request => !request.includes('update')))
  })

  test('connects although such a server cannot say which caches it has', async () => {
    await using server = await answering()
    await using cache = await RemoteCache.connect(`n@${server.address}`)
    assert.equal(cache.name, 'n')
  })
})

describe('a remote cache does not believe a server that', () => {
  test('announces more than it sends', async () => {
    await using server = await answering(vector('client-get-short-value').response_hex)
    await using cache = cacheAt(server)
    await assert.rejects(cache.get('k'), failsWith('UNDERCROFT_PROTOCOL'))
  })

  test('speaks HTTP', async () => {
    await using server = await answering(vector('client-get-garbage').response_hex)
    await using cache = cacheAt(server)
    await assert.rejects(cache.get('k'), failsWith('UNDERCROFT_PROTOCOL'))
  })

  test('sends a status that means nothing', async () => {
    await using server = await answering(vector('client-get-status-not-ok').response_hex)
    await using cache = cacheAt(server)
    await assert.rejects(cache.get('k'), failsWith('UNDERCROFT_PROTOCOL', 'notfound'))
  })

  test('sends a value without its size', async () => {
    await using server = await answering(vector('client-get-ok-without-size').response_hex)
    await using cache = cacheAt(server)
    await assert.rejects(cache.get('k'), failsWith('UNDERCROFT_PROTOCOL', 'size'))
  })

  for (const [type, value] of [
    ['json', '{'],
    ['integer', '1234567'],
    ['new', 'v'],
  ] as const) {
    test(`sends ${value} as a value of type ${type}`, async () => {
      const fields = { status: 'ok', size: String(value.length), type }
      await using server = await answering(magic(fields, value).toString('hex'))
      await using cache = cacheAt(server)
      await assert.rejects(cache.get('k'), failsWith('UNDERCROFT_PROTOCOL', type))
    })
  }

  test('sends something for V8 to deserialize', async () => {
    const bytes = serialize(new Map())
    const fields = { status: 'ok', size: String(bytes.length), type: 'structured' }
    await using server = await answering(magic(fields, bytes.toString('latin1')).toString('hex'))
    await using cache = cacheAt(server)
    await assert.rejects(cache.get('k'), failsWith('UNDERCROFT_VALUE_UNSUPPORTED', 'getItem'))
  })

  test('announces a value over the limit, and does not wait for it', async () => {
    await using server = await startScriptedServer(socket => {
      socket.write(Buffer.from('6f150011060073746174757302006f6b040073697a65010039', 'hex'))
    })
    await using cache = cacheAt(server, { maxValueSize: 8 })
    await assert.rejects(cache.get('k'), failsWith('UNDERCROFT_PROTOCOL', 'maxValueSize'))
  })

  test('says nothing: the call ends after replyTimeoutMs', async () => {
    await using server = await startScriptedServer(() => {})
    await using cache = cacheAt(server, { replyTimeoutMs: 30 })
    const calls = [cache.get('k'), cache.get('l'), cache.set('m', 'v')]
    for (const call of calls) {
      await assert.rejects(call, failsWith('UNDERCROFT_TIMEOUT', server.address))
    }
  })

  test('drips its reply: that does not make the call last longer', async () => {
    await using server = await startScriptedServer(socket => {
      const timer = setInterval(() => socket.write(Buffer.of(0x6f)), 5)
      socket.once('close', () => clearInterval(timer))
    })
    await using cache = cacheAt(server, { replyTimeoutMs: 40 })
    await assert.rejects(cache.get('k'), failsWith('UNDERCROFT_TIMEOUT'))
  })
})
