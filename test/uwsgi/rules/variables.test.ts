import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodePath, HttpVariables } from '../../../src/uwsgi/rules/variables.ts'
import { sendRaw } from './raw-http.ts'
import { startSite } from './site.ts'

describe('PATH_INFO', () => {
  for (const [url, path] of [
    ['/', '/'],
    ['/a/b?c=/d', '/a/b'],
    ['/%61%2Fb', '/a/b'],
    ['/%C3%A9', '/\xc3\xa9'],
    ['/%zz%4', '/%zz%4'],
    ['/a#b', '/a'],
    ['/a/./b', '/a/b'],
    ['/a/../b', '/b'],
    ['/../../b', '/b'],
    ['/a/..', '/'],
    ['/a/.', '/a/'],
    ['/a/...', '/a/...'],
    ['/.hidden', '/.hidden'],
    ['/a//b', '/a//b'],
    ['/%2e%2e/b', '/../b'], // decoded after the segments were looked at, as in uWSGI
    ['*', '*'],
    ['', ''],
  ] as const) {
    test(`of ${url} is ${path}`, () => assert.equal(decodePath(url), path))
  }
})

describe('the variables of an HTTP request', () => {
  const variables = new HttpVariables({
    method: 'GET',
    url: '/a%20b?q=%20',
    httpVersion: '1.1',
    headers: {
      'content-type': 'text/plain',
      'content-length': '3',
      'x-many': 'a, b',
      'set-cookie': ['a', 'b'],
      'remote-user': 'mallory',
    },
    socket: { remoteAddress: '::ffff:127.0.0.1', remotePort: 5, localPort: 80, encrypted: true },
  })
  for (const [name, value] of [
    ['REQUEST_METHOD', 'GET'],
    ['REQUEST_URI', '/a%20b?q=%20'],
    ['PATH_INFO', '/a b'],
    ['QUERY_STRING', 'q=%20'],
    ['SERVER_PROTOCOL', 'HTTP/1.1'],
    ['REMOTE_ADDR', '127.0.0.1'],
    ['REMOTE_PORT', '5'],
    ['SERVER_PORT', '80'],
    ['HTTPS', 'on'],
    ['CONTENT_TYPE', 'text/plain'],
    ['CONTENT_LENGTH', '3'],
    ['HTTP_X_MANY', 'a, b'],
    ['HTTP_SET_COOKIE', 'a, b'],
    ['HTTP_NONE', ''],
    ['HTTP_CONSTRUCTOR', ''],
    ['REMOTE_USER', ''],
    ['SCRIPT_NAME', ''],
    ['none', ''],
  ] as const) {
    test(`${name} is "${value}"`, () => assert.equal(variables.get(name), value))
  }
})

test('each option looks at its own variable', async t => {
  const site = await startSite(
    t,
    `route = ^/a/b$ addheader:X-Path: 1
route-uri = ^/a/\\.\\./a/b\\?q=1$ addheader:X-Uri: 1
route-qs = ^q=1$ addheader:X-Qs: 1
route-host = ^site\\.test$ addheader:X-Host: 1
route-remote-addr = ^127\\.0\\.0\\.1$ addheader:X-Addr: 1
route-remote-user = ^$ addheader:X-User: 1
route-user-agent = curl addheader:X-Agent: 1
route-referer = ^http addheader:X-Referer: 1
route-uri = ^/nothing addheader:X-No: 1`,
  )
  const headers = { 'User-Agent': 'curl/8', Referer: 'http://a' }
  const response = await sendRaw(site.port, '/a/../a/b?q=1', { headers })
  const added = response.headers.filter(line => /^X-(?!App)/.test(line))
  assert.deepEqual(
    added,
    ['Path', 'Uri', 'Qs', 'Host', 'Addr', 'User', 'Agent', 'Referer'].map(name => `X-${name}: 1`),
  )
})

test('without a Host header the name of the server counts', async t => {
  const site = await startSite(t, 'route-host = . break:403')
  assert.equal(
    (await site.send('/', { headers: { Host: '' }, version: '1.0' })).statusLine.slice(-9),
    'Forbidden',
  )
})
