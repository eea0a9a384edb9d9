/**
 * Which rule comes next, and what a client gets when rules answer themselves.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { within } from '../../../testing/deadline.ts'
import { assertNothing } from './answers.ts'
import { startSite } from './site.ts'

const GOTO_ERROR =
  '[uwsgi-route] ERROR "goto" instruction can only jump forward (check your label !!!)'

describe('goto', () => {
  const rules = `route-uri = ^/to/(.*) goto:$1
route-run = addheader:X-Seen: 1
route-label = a
route-run = addheader:X-Seen: 3
route-label = 7label
route-label = b
route-run = addheader:X-Seen: 6`
  const seen = async (target: string, site: Awaited<ReturnType<typeof startSite>>) =>
    (await site.get(target)).headers.flatMap(line => /^X-Seen: (.*)/.exec(line)?.[1] ?? [])

  test('goes to the rule after a label, also one made of a group', async t => {
    const site = await startSite(t, rules)
    assert.deepEqual(await seen('/', site), ['1', '3', '6'])
    assert.deepEqual(await seen('/to/a', site), ['3', '6'])
    assert.deepEqual(await seen('/to/b', site), ['6'])
    assert.deepEqual(await seen('/to/7label', site), ['6'])
  })

  test('to what is no label, or is behind, ends the request and is logged', async t => {
    const site = await startSite(t, `${rules}\nroute-run = goto:a`)
    for (const target of ['/to/none', '/to/A', '/to/', '/']) assertNothing(await site.get(target))
    assert.deepEqual(site.log, Array(4).fill(GOTO_ERROR))
  })

  test('a number in the rule is the number of a rule, also beyond the last', async t => {
    const site = await startSite(
      t,
      `route = ^/two goto:3rd
route = ^/far goto:99
route-run = addheader:X-Seen: 2
route-run = addheader:X-Seen: 3`,
    )
    assert.deepEqual(await seen('/two', site), ['3'])
    assert.deepEqual(await seen('/far', site), [])
  })
})

describe('last, continue and break', () => {
  test('last and continue go to the application', async t => {
    const site = await startSite(t, 'route = ^/l last:\nroute = ^/c continue:\nroute-run = break:')
    assert.equal((await site.get('/l')).text, 'page /l q= user=- hit=1')
    assert.equal((await site.get('/c')).text, 'page /c q= user=- hit=2')
    assertNothing(await site.get('/x'))
  })

  for (const [argument, statusLine] of [
    ['403 Forbidden', '403 Forbidden'],
    ['403', '403 Forbidden'],
    ['4034', '403 Forbidden'],
    ['403 Go Away', '403 Go Away'],
    ['799', '799 Unknown'],
  ] as const) {
    test(`break:${argument} sends a header and closes`, async t => {
      const site = await startSite(t, `route-run = break:${argument}`)
      const { raw, isClosed } = await site.get('/')
      const headers = 'Connection: close\r\nContent-Type: text/plain\r\n\r\n'
      assert.deepEqual([raw, isClosed], [`HTTP/1.1 ${statusLine}\r\n${headers}`, true])
    })
  }

  test('break with fewer than three characters sends nothing', async t => {
    const site = await startSite(t, 'route-run = break:40')
    assertNothing(await site.get('/'))
  })

  test('return answers with the words of a status, and keeps the connection', async t => {
    const site = await startSite(
      t,
      'route = ^/a return:403\nroute = ^/b break-with-status:404\nroute = ^/c return:204\n' +
        'route-run = return:799',
    )
    const headers = ['Content-Type: text/plain', 'Content-Length: 9']
    for (const [path, status] of [
      ['/a', '403 Forbidden'],
      ['/b', '404 Not Found'],
    ] as const) {
      const response = await site.get(path)
      assert.equal(response.statusLine, `HTTP/1.1 ${status}`)
      assert.deepEqual(response.headers, headers)
      assert.equal(response.text, status.slice(4))
      assert.equal(response.isClosed, false)
    }
    assert.deepEqual((await site.get('/c')).headers, ['Content-Type: text/plain'])
    assertNothing(await site.get('/d'))
  })
})

describe('answers made by hand', () => {
  test('clearheaders, addheader, send and break', async t => {
    const site = await startSite(
      t,
      `route = ^/full clearheaders:202 Fine
route = ^/full addheader:X-A: $0
route = ^/full send:body of
route = ^/full send: $0
route = ^/full break:
route = ^/gives-way clearheaders:202 Fine
route = ^/raw send-crnl:HTTP/1.1 200 By Hand
route = ^/raw send-crnl:X-Raw: 1
route = ^/raw send-crnl:
route = ^/raw send:raw`,
    )
    const full = await site.get('/full')
    assert.equal(full.statusLine, 'HTTP/1.1 202 Fine')
    assert.deepEqual(full.headers, ['X-A: /full', 'Transfer-Encoding: chunked'])
    assert.equal(full.text, 'body of /full')
    const raw = await site.get('/raw')
    assert.equal(raw.raw, 'HTTP/1.1 200 By Hand\r\nX-Raw: 1\r\n\r\nraw')
    assert.equal(raw.isClosed, true)
    assert.equal((await site.get('/gives-way')).text, 'page /gives-way q= user=- hit=1')
  })

  test('addheader comes after the headers of the cache, delheader takes one away', async t => {
    const site = await startSite(
      t,
      `cache2 = name=c,items=10
route-run = cacheset:key=k,value=V
route-run = addheader:X-A: 1
route = ^/del delheader:content-TYPE
route-run = cache:key=k`,
    )
    const cached = ['Content-Type: text/html', 'Content-Length: 1', 'X-A: 1']
    assert.deepEqual((await site.get('/')).headers, cached)
    assert.deepEqual((await site.get('/del')).headers, cached.slice(1))
  })

  test('a request cannot put a header of its own into one', async t => {
    const site = await startSite(t, `route-run = addheader:X-Path: \${PATH_INFO}`)
    const { headers } = await site.get('/a%0d%0aX-Evil:%201')
    assert.deepEqual(
      headers.filter(line => /^X-(?!App)/.test(line)),
      [],
    )
    assert.equal(site.log.length, 1)
    assert.ok((await site.get('/a%20b')).headers.includes('X-Path: /a b'))
  })
})

describe('nothing as an answer', () => {
  test('does not take away answers to earlier requests on the connection', async t => {
    const site = await startSite(t, 'route = ^/none break:', {
      application: (_, response) => {
        setImmediate(() => response.end('slow answer'))
      },
    })
    const socket = connect(site.port, '127.0.0.1')
    socket.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /none HTTP/1.1\r\nHost: a\r\n\r\n')
    const chunks: Buffer[] = []
    socket.on('data', chunk => chunks.push(chunk))
    await within('the server to close', once(socket, 'end'))
    socket.destroy()
    const text = Buffer.concat(chunks).toString()
    assert.ok(text.endsWith('\r\n\r\nslow answer'), text)
    assert.equal(text.split('HTTP/1.1 ').length, 2)
  })
})

describe('variables and the log', () => {
  test('addvar is seen by later rules, and HTTP_ ones by the application as headers', async t => {
    const site = await startSite(
      t,
      `route = (.)$ addvar:HTTP_X_LAST=$1
route-run = addvar:MINE=m
route-run = addheader:X-Mine: \${MINE}\${HTTP_X_LAST}`,
      { application: (request, response) => response.end(request.headers['x-last']) },
    )
    const { headers, text } = await site.get('/abc')
    assert.ok(headers.includes('X-Mine: mc'), headers.join('\n'))
    assert.equal(text, 'c')
  })

  test('log writes one line whatever the request has in it', async t => {
    const site = await startSite(t, `route-run = log:seen \${PATH_INFO} é`)
    await site.get('/a%0ab%1b%C3%A9')
    assert.deepEqual(site.log, ['seen /a\\x0ab\\x1bé é'])
  })

  test('logvar and donotlog are there for whoever logs requests', async t => {
    const facts: unknown[] = []
    const site = await startSite(
      t,
      'route = ^/quiet donotlog:\nroute = ^/(.*) logvar:name=<$1>\nroute-run = donotoffload:',
      {
        application: (request, response) => {
          const { isLogged, variables } = site.router.logFacts(request)
          facts.push([isLogged, [...variables]])
          response.end()
        },
      },
    )
    await site.get('/a')
    await site.get('/quiet')
    assert.deepEqual(facts, [
      [true, [['name', '<a>']]],
      [false, [['name', '<quiet>']]],
    ])
  })
})
