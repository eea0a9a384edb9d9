/**
 * Rules are checked when the server starts: what is wrong is named with its file and line.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { systemClock } from '../../../src/base/index.ts'
import { createRouter, type Router } from '../../../src/uwsgi/rules/index.ts'
import { optionsOf } from './site.ts'

const CACHE = 'cache2 = name=c,items=100'

function routerOf(lines: string): Router {
  return createRouter(optionsOf(lines), {
    clock: systemClock,
    workerId: 1,
    pid: 1,
    findCache: () => undefined,
    log: () => {},
  })
}

describe('a rule that cannot be used is refused', () => {
  const rules: readonly (readonly [rule: string, message: string])[] = [
    ['route = ^/', 'route: invalid route syntax: a space must precede the action'],
    ['route = ^/ last', 'route: invalid route syntax: a colon must follow the name of the action'],
    ['route-run = break', 'route-run: invalid route syntax: a colon must follow'],
    [
      'route = ^/ cach:key=k',
      'route: unable to register route "^/ cach:key=k": there is no action "cach"; did you mean',
    ],
    [
      'response-route-run = cache:key=k',
      'response-route-run: unable to register route "cache:key=k": cache cannot be used in',
    ],
    ['final-route-run = send:x', 'final-route-run: unable to register route "send:x": send cannot'],
    ['route-if = contain x:y', 'route-if: invalid route condition syntax: a condition is a name'],
    [
      'route-if = contian:a;b last:',
      'route-if: unable to find "contian" route condition; did you mean "contain"?',
    ],
    ['route = ( last:', 'route: pcre error: missing closing parenthesis at offset 1'],
    [
      'route-if = regexp:a;(b last:',
      'route-if: pcre error: missing closing parenthesis at offset 2',
    ],
    [
      'route-run = cache:name=c',
      'route-run: invalid route syntax: you need to specify a cache key',
    ],
    [
      'route-run = cachestore:name=c',
      'route-run: invalid cachestore route syntax: you need to specify a cache key',
    ],
    [
      'route-run = cacheset:key=c',
      'route-run: invalid cacheset route syntax: you need to specify a cache key and a value',
    ],
    [
      'route-run = cachevar:key=c',
      'route-run: invalid route syntax: you need to specify a cache key and a request var',
    ],
    [
      'route-run = cacheinc:name=c',
      'route-run: invalid cachemath route syntax: you need to specify a cache key',
    ],
    [
      'route-run = cachestore:key=k,expire=60',
      'route-run: invalid cachestore route syntax: there is no parameter "expire"; did you',
    ],
    [
      'route-run = cachestore:key=k,expires=1m',
      'route-run: expires must be a whole number from 0 to 2147483647; got "1m"',
    ],
    [
      'response-route-run = cachestore:key=k,lock=1',
      'response-route-run: invalid cachestore route syntax: lock is only for rules before the',
    ],
    ['route-run = cachestore:key=k,status=ok', 'route-run: status must be a whole number'],
    ['route-run = cachestore:key', 'route-run: invalid cachestore route syntax: key needs a value'],
    ['route-run = logvar:x', 'route-run: invalid logvar syntax, must be key=value'],
    ['route-run = addvar:x', 'route-run: [uwsgi-route] invalid addvar syntax, must be KEY=VAL'],
    [
      'route-run = tofile:',
      'route-run: invalid tofile route syntax, you need to specify a filename',
    ],
    ['route-run = break:no way', 'route-run: break needs a status from 200'],
    ['error-route-run = cache:key=k', 'error-route-run: unable to register route "cache:key=k"'],
    ['route-run = basicauth:realm', 'route-run: invalid route syntax: write basicauth:REALM'],
    ['response-route-status = abc last:', 'response-route-status: a status has three digits'],
    [
      'static-map = /a',
      'static-map: invalid document root in static map, syntax mountpoint=docroot',
    ],
    ['check-cache = b', 'check-cache: unable to find cache "b"'],
    [
      'static-cache-paths-name = b\nstatic-cache-paths = 5',
      'static-cache-paths-name: unable to find',
    ],
  ]
  for (const [rule, message] of rules) {
    test(rule.replaceAll('\n', '; '), () => {
      assert.throws(
        () => routerOf(`${CACHE}\n${rule}`),
        (error: Error) => {
          assert.equal(Reflect.get(error, 'code'), 'UNDERCROFT_OPTION_INVALID')
          assert.ok(error.message.startsWith(`/srv/app.ini:3: ${message}`), error.message)
          return true
        },
      )
    })
  }

  test('options that need a cache say so where there is none', () => {
    const message = /static-cache-paths: caching of static paths requires uWSGI caching !!!$/
    assert.throws(() => routerOf('static-cache-paths = 5'), { message })
    assert.throws(() => routerOf('check-cache'), { message: /unable to find cache ""$/ })
  })
})

describe('what is probably a mistake', () => {
  const rules: readonly (readonly [rule: string, warning: string])[] = [
    [
      'route-run = cache:key=k,name=d',
      'route-run: there is no cache "d"; it answers as an empty one',
    ],
    ['route-if = equal:a last:', 'route-if: equal has no ";" between its two sides, so it never'],
    ['route-if = incache:name=c last:', 'route-if: incache has no key, so it never holds'],
    ['route-run = goto:nowhere', 'route-run: goto nowhere leads nowhere ahead'],
    ['route-run = return:299', 'route-run: return knows no status "299"'],
    ['route = ^/(a+)+$ last:', 'route: the regular expression ^/(a+)+$ repeats a repetition'],
    [
      'plugin = python3,0:notfound',
      'plugin: plugins are not loaded; only 0:notfound has an effect',
    ],
    [
      'check-cache = c\nroute-run = cachestore:key=k',
      'check-cache: this cache holds complete responses, and cachestore stores bodies in it',
    ],
    [
      'http-cache = c\nroute-run = cachestore:key=k',
      'http-cache: this cache holds complete responses, and cachestore stores bodies in it',
    ],
    ['mime-file = /nonexistent/types', '!!! no /nonexistent/types file found !!!'],
  ]
  for (const [rule, warning] of rules) {
    test(`is told and not refused: ${rule}`, () => {
      const { warnings } = routerOf(`${CACHE}\n${rule}`)
      assert.equal(warnings.length, 1)
      const start = warning.startsWith('!!!') ? '' : '/srv/app.ini:3: '
      assert.ok(warnings[0]?.startsWith(start + warning), warnings[0])
    })
  }

  test('nothing is told of rules that are in order', () => {
    const lines = `${CACHE}
plugins = 0:notfound
route = ^/(\\w+/)*$ cache:key=$1
route-if = contains:\${HTTP_ACCEPT};html goto:end
route-run = cachestore:key=a,name=c@127.0.0.1:1
route-label = end`
    assert.deepEqual(routerOf(lines).warnings, [])
  })
})

test('the tables are told as uWSGI prints them, in the order of the file', () => {
  const { description } = routerOf(`${CACHE}
route = ^/$ cache:key=myhome,name=c
route-if-not = empty:\${REMOTE_USER} goto:cacheme
route-run = break:
route-label = cacheme
route-uri = \\?x last:
response-route = ^/r cachestore:key=x
response-route-status = 404 addheader:X: y
final-route-run = log:done`)
  assert.deepEqual(description, [
    '*** dumping internal routing table ***',
    '[rule: 0] subject: path_info regexp: ^/$ action: cache:key=myhome,name=c',
    `[rule: 1] subject: \${REMOTE_USER} func: !empty action: goto:cacheme`,
    '[rule: 2] action: break:',
    '[rule: 3] label: cacheme',
    '[rule: 4] subject: request_uri regexp: \\?x action: last:',
    '*** end of the internal routing table ***',
    '*** dumping internal response routing table ***',
    '[rule: 0] subject: path_info regexp: ^/r action: cachestore:key=x',
    '[rule: 1] subject: 404 func: 404 action: addheader:X: y',
    '*** end of the internal response routing table ***',
    '*** dumping internal final routing table ***',
    '[rule: 0] action: log:done',
    '*** end of the internal final routing table ***',
  ])
  assert.deepEqual(routerOf(CACHE).description, [])
})
