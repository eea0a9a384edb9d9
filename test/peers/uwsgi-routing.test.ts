/**
 * The same rules on a real uWSGI and on ours: the same answers to the same requests. What is
 * different on purpose (docs/reference/routing.md) is not asked for.
 */

import assert from 'node:assert/strict'
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { requirePeer } from '../../testing/peers/peers.ts'
import { startUwsgiSite } from '../../testing/peers/uwsgi-site.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import { type RawResponse, sendRaw } from '../uwsgi/rules/raw-http.ts'
import { startSite } from '../uwsgi/rules/site.ts'

const CACHE = 'cache2 = name=c,items=100\n'
const V = (name: string) => `\${${name}}`

interface Case {
  readonly rules: string
  readonly requests: readonly (
    | string
    | readonly [target: string, headers: Record<string, string>]
  )[]
}

const CASES: Readonly<Record<string, Case>> = {
  'lookup and store': {
    rules: `${CACHE}route = ^/$ cache:key=home,name=c\nroute = ^/$ cachestore:key=home,name=c`,
    requests: ['/', '/', '/other', '/?q', '/'],
  },
  'types and keys': {
    rules: `${CACHE}route = ^/img/(.+) cache:key=/img/$1,name=c,content_type=image/png
route = \\.css$ cache:key=${V('REQUEST_URI')},content_type=text/css,content_encoding=identity
route = .* cache:key=${V('REQUEST_URI')},content_type=
route = .* cachestore:key=${V('REQUEST_URI')}`,
    requests: [
      '/img/a',
      '/img/a',
      '/s.css?1',
      '/s.css?1',
      '/s.css?2',
      '/x',
      '/x',
      '/img/a?b',
      '/img/a?b',
    ],
  },
  conditions: {
    rules: [
      `equal:${V('PATH_INFO')};/a`,
      'equal:a',
      `startswith:${V('PATH_INFO')};/a`,
      `endswith:${V('PATH_INFO')};b`,
      `contains:${V('HTTP_X')};ell`,
      `empty:${V('HTTP_NONE')}`,
      `empty:${V('cookie[a]')}`,
      `empty:${V('qs[a]')}`,
      `ishigher:${V('qs[n]')};5`,
      `islowerequal:${V('qs[n]')};5`,
      `ipv4in:${V('REMOTE_ADDR')};127.0.0.0/8`,
      `regexp:${V('PATH_INFO')};^/(.)`,
    ]
      .map((condition, index) => `route-if = ${condition} addheader:X-C: ${index} $1`)
      .join('\n'),
    requests: ['/', '/a', '/ab', ['/b', { X: 'hello', Cookie: 'a=1' }], '/?a=1&n=6', '/?a=&n=-7x'],
  },
  expansions: {
    rules: [
      V('REQUEST_URI'),
      V('PATH_INFO'),
      V('QUERY_STRING'),
      V('REQUEST_METHOD'),
      V('HTTP_USER_AGENT'),
      V('SERVER_PROTOCOL'),
      V('cookie[a]'),
      V('cookie[q]'),
      V('qs[b]'),
      V('hex[PATH_INFO]'),
      V('base64[REQUEST_URI]'),
      V('uwsgi[status]'),
      `a$1b$$1c$xd${V('none')}`,
      `open ${V('PATH_INFO').slice(0, -1)}`,
      'end$',
    ]
      .map((text, index) => `route = ^/(.*) addheader:X-${index}: <${text}>`)
      .join('\n'),
    requests: [
      '/a/./b/../c%41%2f?b=1&b=2',
      ['/%20?b=&b=3', { Cookie: 'x=0; a=1;q="2 3" ; a=4', 'User-Agent': 'me' }],
      '/a//b#c',
      '/a/b/..',
      '/a/.',
      '/a/../../b/./c',
    ],
  },
  flow: {
    rules: `route = ^/to/(.*) goto:$1
route = ^/break$ break:
route = ^/403 break:403 Forbidden
route = ^/404 break:404
route = ^/799 break:799
route = ^/r return:403
route = ^/last last:
route-run = addheader:X-Seen: 1
route-label = a
route-run = addheader:X-Seen: 2`,
    requests: ['/', '/to/a', '/to/none', '/break', '/403', '/404', '/799', '/r', '/last'],
  },
  headers: {
    rules: `${CACHE}route-run = addheader:X-A: 1
route = ^/del delheader:x-app
route = ^/hit delheader:content-type
route = ^/hit cacheset:key=k,value=V
route = ^/hit cache:key=k
route = ^/var addvar:N=v
route = ^/var addheader:X-N: ${V('N')}
response-route = ^/response addheader:X-R: ${V('uwsgi[status]')}
response-route = ^/store cachestore:key=${V('PATH_INFO')}
route = ^/read cache:key=/store`,
    requests: ['/', '/del', '/hit', '/var', '/response', '/store', '/read'],
  },
  numbers: {
    rules: `${CACHE}route = ^/inc cacheinc:key=n
route = ^/dec cachedec:key=n,value=${V('qs[v]')}
route = ^/mul cachemul:key=n
route = ^/div cachediv:key=n,value=${V('qs[v]')}
route = ^/text cacheinc:key=none,name=nowhere
route-if = incache:key=n addheader:X-In: 1
route-if-not = incache:key=${V('qs[k]')} addheader:X-Not-In: 1
route = ^/raw cache:key=n`,
    requests: [
      '/',
      '/inc',
      '/raw',
      '/mul',
      '/raw',
      '/dec?v=-5',
      '/raw',
      '/div?v=2',
      '/raw',
      '/text',
      '/inc?k=t',
      '/inc?k=n',
    ],
  },
}

for (const [what, { rules, requests }] of Object.entries(CASES)) {
  test(`${what}: as uWSGI`, async t => {
    const command = requirePeer(t, 'uwsgi')
    if (command === undefined) return
    const { port: real } = await startUwsgiSite(t, command, rules)
    const { port } = await startSite(t, rules)
    for (const request of requests) {
      const [target, headers] = typeof request === 'string' ? [request, {}] : request
      const expected = comparable(await sendRaw(real, target, { headers }))
      assert.deepEqual(comparable(await sendRaw(port, target, { headers })), expected, target)
    }
  })
}

test('files: as uWSGI', async t => {
  const command = requirePeer(t, 'uwsgi')
  if (command === undefined) return
  const directory = tempDir(t)
  writeFileSync(join(directory, 'a.txt'), 'a file')
  writeFileSync(join(directory, 'types'), 'text/plain txt\n')
  const rules = `mime-file = ${directory}/types
route = ^/f/(.*) static:${directory}/$1
check-static = ${directory}`
  const { port: real } = await startUwsgiSite(t, command, rules)
  const { port } = await startSite(t, rules)
  const since = { 'If-Modified-Since': new Date(4e12).toUTCString() }
  for (const [target, headers] of [
    ['/f/a.txt', {}],
    ['/f/a.txt', since],
    ['/f/none', {}],
    ['/a.txt', {}],
    ['/none', {}],
  ] as const) {
    const expected = comparable(await sendRaw(real, target, { headers }))
    assert.deepEqual(comparable(await sendRaw(port, target, { headers })), expected, target)
  }
})

test('redirects, other paths, passwords, expiry and errors: as uWSGI', async t => {
  const command = requirePeer(t, 'uwsgi')
  if (command === undefined) return
  const directory = tempDir(t)
  const file = join(directory, 'a.txt')
  writeFileSync(file, 'a file')
  mkdirSync(join(directory, 'sub'))
  writeFileSync(join(directory, 'sub/home'), 'home')
  utimesSync(file, 1e9, 1e9)
  const rules = `add-header = X-All: 1
check-static = ${directory}
static-index = home
static-expires-mtime = \\.txt$ 60
route = ^/old/(.*) redirect:/new/$1
route = ^/older/(.*) redirect-301:/new/$1?${V('QUERY_STRING')}
route = ^/rw/(.*) rewrite:/app/$1?own=1
route = ^/last rewrite-last:/app/last
route = ^/app/ addheader:X-Path: ${V('PATH_INFO')}
route = ^/in basicauth:a realm,ada:secret
route = ^/in addheader:X-User: ${V('REMOTE_USER')}
route = ^/expires expires:file=${file},value=5
route = ^/e return:404
error-route-status = 404 redirect:/home`
  const { port: real } = await startUwsgiSite(t, command, rules)
  const { port } = await startSite(t, rules)
  const Authorization = `Basic ${Buffer.from('ada:wrong').toString('base64')}`
  for (const [target, headers] of [
    ['/old/x', {}],
    ['/older/x?q=1', {}],
    ['/rw/x%20y?q=1', {}],
    ['/last', {}],
    ['/in', {}],
    ['/in', { Authorization }],
    ['/expires', {}],
    ['/e', {}],
    ['/a.txt', {}],
    ['/sub/', {}],
  ] as const) {
    const expected = withoutLength(await sendRaw(real, target, { headers }))
    assert.deepEqual(withoutLength(await sendRaw(port, target, { headers })), expected, target)
  }
})

/** uWSGI ends short answers by closing the connection; ours have a length. */
function withoutLength(response: RawResponse) {
  const { headers, ...rest } = comparable(response)
  return { ...rest, headers: headers.filter(line => !/^content-length: /i.test(line)) }
}

/** The header without fields about kept connections and the time, which only some servers add. */
function comparable({ statusLine, headers, text }: RawResponse) {
  const own = headers.filter(line => !/^(?:Date|Keep-Alive|Connection: keep-alive)/.test(line))
  return { status: statusLine.replace(/^HTTP\/1\.\d /, ''), headers: own.sort(), text }
}
