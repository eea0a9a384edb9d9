/**
 * Listening in on a response leaves it as it was, and a cut one is not stored.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { RequestListener, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { until, within } from '../../../testing/deadline.ts'
import { onEnd } from '../../../testing/scope.ts'
import { startSite } from './site.ts'

const STORING = 'cache2 = name=c,items=10,blocksize=1000000\nroute-run = cachestore:key=k'

/** Ways to answer with "hello world", each as an application may. */
const WAYS: Readonly<Record<string, (response: ServerResponse) => void>> = {
  'end alone': response => response.end('hello world'),
  'end with bytes': response => response.end(Buffer.from('hello world')),
  'end with an encoding': response => response.end('aGVsbG8gd29ybGQ=', 'base64'),
  'end with a callback': response => response.end('hello world', () => {}),
  'write and end': response => {
    response.write('hello ', 'latin1')
    response.write(new Uint8Array(Buffer.from('world')), () => {})
    response.end()
  },
  'end with only a callback': response => {
    response.write('hello world')
    response.end(() => {})
  },
  'writeHead with an object': response => {
    response.writeHead(200, { 'X-One': '1', 'X-Two': ['a', 'b'] }).end('hello world')
  },
  'writeHead with words and a list': response => {
    response.writeHead(200, 'Fine', ['X-Two', 'a', 'X-Two', 'b', 'X-One', '1']).end('hello world')
  },
  'writeHead without words': response => {
    const nothing: unknown = undefined
    response.writeHead(200, nothing as string, { 'X-One': '1' }).end('hello world')
  },
  'writeHead with pairs': response => {
    const pairs: unknown = [
      ['X-One', '1'],
      ['X-Two', ['a', 'b']],
    ]
    response.writeHead(200, pairs as string[]).end('hello world')
  },
  'writeHead over headers that are set': response => {
    response.setHeader('X-One', 'old')
    response.setHeader('Content-Length', 11)
    response.writeHead(200, { 'x-one': '1' })
    response.end('hello world')
  },
  'a stream': response => {
    Readable.from([Buffer.from('hello'), Buffer.from(' world')]).pipe(response)
  },
  'a buffer that is used again': response => {
    const buffer = Buffer.from('hello ')
    response.write(buffer, () => {
      buffer.fill('x')
      response.end('world')
    })
  },
  'cork and flushHeaders': response => {
    response.flushHeaders()
    response.cork()
    response.write('hello ')
    response.write('world')
    response.uncork()
    response.end()
  },
}

describe('a response with a copy taken is the one without', () => {
  for (const [way, answer] of Object.entries(WAYS)) {
    test(way, async t => {
      const application: RequestListener = (_, response) => answer(response)
      const bare = await startSite(t, '', { application })
      const site = await startSite(t, STORING, { application })
      const [plain, copied] = [await bare.get('/'), await site.get('/')]
      const undated = ({ raw }: { raw: string }) => raw.replace(/\r\nDate: [^\r]*/, '')
      assert.equal(undated(copied), undated(plain))
      assert.equal(copied.text, 'hello world')
      assert.equal(site.value('c', 'k'), 'hello world')
    })
  }
})

describe('what is not complete is not stored', () => {
  const cases: Readonly<Record<string, RequestListener>> = {
    'shorter than it says': (_, response) => {
      response.setHeader('Content-Length', 20)
      response.write('too short')
      response.end()
    },
    'destroyed by the application': (_, response) => {
      response.write('part')
      response.destroy()
    },
    'never ended, the client went away': (request, response) => {
      response.write('part')
      request.socket.destroy()
      response.on('close', () => response.end('rest'))
    },
  }
  for (const [what, application] of Object.entries(cases)) {
    test(what, async t => {
      const site = await startSite(t, STORING, { application })
      const socket = connect(site.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      socket.resume()
      await within('the connection to end', once(socket, 'close'))
      assert.equal((await site.get('/', { Connection: 'close' })).isClosed, true)
      assert.equal(site.cache('c').stats().items, 0)
    })
  }
})

test('a slow client slows the application, not the memory', async t => {
  const chunkCount = 256
  const chunk = Buffer.alloc(256 * 1024, 'x')
  let sent = 0
  let response: ServerResponse | undefined
  const site = await startSite(t, STORING, {
    application: (_, opened) => {
      response = opened
      const pump = () => {
        while (sent < chunkCount) {
          sent++
          if (!opened.write(chunk)) return
        }
        opened.end()
      }
      opened.on('drain', pump)
      pump()
    },
  })
  const socket = connect(site.port, '127.0.0.1')
  onEnd(t, () => socket.destroy())
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  let lastSent = -1
  await until('the application waits', () => {
    const isStuck = sent === lastSent && response?.writableNeedDrain === true
    lastSent = sent
    return isStuck
  })
  assert.ok(sent < chunkCount, `${sent} chunks were written to a client that reads nothing`)
  const finished = once(response ?? socket, 'finish')
  socket.resume()
  await within('the client to have everything', finished)
  assert.equal(sent, chunkCount)
  assert.equal(site.cache('c').stats().items, 0, 'it is larger than the cache takes')
})

test('large bodies are compressed beside the request', async t => {
  const body = Buffer.alloc(300_000, 'some text ')
  const site = await startSite(t, `${STORING},gzip=z`, {
    application: (_, response) => response.end(body),
  })
  assert.ok((await site.get('/')).body.equals(body))
  assert.ok(site.cache('c').getItem('k')?.bytes.equals(body))
  const coded = await until('it is compressed', () => site.cache('c').getItem('z'))
  assert.ok(coded.bytes.equals(gzipSync(body)))
})

test('what the application throws is thrown where it was, with rules or without', async t => {
  const thrown: unknown[] = []
  const site = await startSite(t, STORING, {
    application: (_, response) => {
      try {
        response.setHeader('bad name', '1')
      } catch (error) {
        thrown.push(Reflect.get(Object(error), 'code'))
      }
      response.writeHead(200).write('a')
      try {
        response.writeHead(200)
      } catch (error) {
        thrown.push(Reflect.get(Object(error), 'code'))
      }
      response.end()
    },
  })
  await site.get('/')
  assert.deepEqual(thrown, ['ERR_INVALID_HTTP_TOKEN', 'ERR_HTTP_HEADERS_SENT'])
})
