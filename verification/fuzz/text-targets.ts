/**
 * Parsers of text: configuration, rules, and heads of HTTP requests.
 */

import assert from 'node:assert/strict'
import { systemClock } from '../../src/base/index.ts'
import { answerHttp, parseStatsRequest } from '../../src/monitoring/stats-http.ts'
import { API_ADDRESS, CONFIGURED_ADDRESS, parseAddress } from '../../src/net/index.ts'
import { encodeDictionary, parseDictionary } from '../../src/protocols/uwsgi/index.ts'
import { formatRequestHead } from '../../src/runner/apps/request-head.ts'
import { COMMAND_LINE, loadOptions, resolveCaches } from '../../src/uwsgi/options/index.ts'
import { createRouter } from '../../src/uwsgi/rules/index.ts'
import { fakeHostEnvironment } from '../../testing/fake-host-environment.ts'
import { allowing, type FuzzTarget } from './target.ts'

const REFUSED = ['UNDERCROFT_OPTION_INVALID'] as const
const FILE = '/srv/app.ini'

const INI = `[uwsgi]
name = app
cache2 = name=%(name),items=20,blocksize=65536,keysize=60,bitmap=1,udp=a:1;b:2
for = a b
add-cache-item = x%(_)=y
endfor =
if-env = PATH
socket = 127.0.0.1:3031,allow=10.0.0.0/8
endif =
max-requests = %(name)6
`
const RULES = `[uwsgi]
cache2 = name=c,items=20
route = ^/(.*)$ cache:key=\${REQUEST_URI},name=c
route-if = equal:\${PATH_INFO};/foo goto:end
route-label = end
route-uri = (a|b)+[^c]?$ addheader:X-A: $1
response-route-status = 200 cachestore:key=\${mime[\${PATH_INFO}]},expires=10
`

function readText(text: string) {
  const ini = { name: 'ini', value: FILE, origin: COMMAND_LINE }
  return loadOptions([ini], fakeHostEnvironment({ [FILE]: text }, { PATH: '/bin' })).options
}

const ini: FuzzTarget = {
  name: 'ini',
  seeds: [Buffer.from(INI), Buffer.from(RULES)],
  tokens: [
    '%(name)',
    '%(%(',
    '[',
    ']',
    '=',
    '\n',
    ';',
    '\\\n',
    'for-times = 9\n',
    'ini = ',
    '$(X)',
  ],
  share: 2,
  run(input) {
    allowing(REFUSED, () => resolveCaches(readText(input.toString('latin1'))))
  },
}

const rules: FuzzTarget = {
  name: 'rules',
  seeds: [Buffer.from(RULES)],
  tokens: ['${', '}', '$1', ':', ';', '(', ')', '[', '{1,9}', '\\', '|', '*', '!', 'route = '],
  share: 2,
  run(input) {
    allowing(REFUSED, () =>
      createRouter(readText(input.toString('latin1')), {
        clock: systemClock,
        workerId: 1,
        pid: 1,
        findCache: () => undefined,
        log: () => {},
      }),
    )
  },
}

const address: FuzzTarget = {
  name: 'address',
  seeds: ['127.0.0.1:3031', '[::1]:80', '/run/a.sock', ':0'].map(text => Buffer.from(text)),
  tokens: [':', '[', ']', '65536', '/', '%'],
  share: 3,
  run(input) {
    for (const rules of [API_ADDRESS, CONFIGURED_ADDRESS]) {
      allowing(REFUSED, () => parseAddress('address', input.toString('latin1'), rules))
    }
  },
}

const CONTENT = {
  allowOrigin: undefined,
  allowsHost: (host: string) => host === 'localhost',
  document: () => '{}',
  metrics: () => 'a 1\n',
}

const stats: FuzzTarget = {
  name: 'stats',
  seeds: [
    'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    'HEAD /metrics?x=1 HTTP/1.0\r\n\r\n',
    'GET http://a/metrics HTTP/1.1\n\n',
  ].map(text => Buffer.from(text)),
  tokens: ['\r\n', '\n', ' ', 'HTTP/1.1', 'POST', '/', '%2e%2e'],
  share: 3,
  run(input) {
    const parsed = parseStatsRequest(input.toString('latin1'))
    if (parsed === 'more') return
    const answer = answerHttp(parsed, CONTENT)
    assert.match(answer, /^HTTP\/1\.[01] [2-5]\d\d /)
  },
}

const VARIABLES = [
  ['REQUEST_METHOD', 'GET'],
  ['REQUEST_URI', '/a?b'],
  ['HTTP_HOST', 'example.com'],
  ['HTTP_X_A', 'b'],
  ['CONTENT_LENGTH', '12'],
  ['SERVER_NAME', 'a'],
  ['SERVER_PORT', '80'],
] as const

const head: FuzzTarget = {
  name: 'request-head',
  seeds: [encodeDictionary(VARIABLES)],
  tokens: ['\r\n', '\n', '\0', ' HTTP/1.1', 'HTTP_', ':', 'Transfer-Encoding'],
  share: 4,
  run(input) {
    const pairs = parseDictionary(input).pairs.map(
      ([name, value]) => [name, value.toString('latin1')] as const,
    )
    const made = formatRequestHead(pairs)
    if ('problem' in made) return
    const text = made.head.toString('latin1')
    const [line = '', ...fields] = text.slice(0, -4).split('\r\n')
    assert.ok(text.endsWith('\r\n\r\n') && text.indexOf('\r\n\r\n') === text.length - 4)
    assert.match(line, /^[^\0-\x20]+ [^\0-\x20]+ HTTP\/1\.0$/, 'one request')
    for (const field of fields) assert.match(field, /^[!#$%&'*+.^_`|~\w-]+: [^\r\n\0]*$/)
    assert.ok(made.bodySize >= 0 && Number.isSafeInteger(made.bodySize))
  },
}

export const TEXT_TARGETS: readonly FuzzTarget[] = [ini, rules, address, stats, head]
