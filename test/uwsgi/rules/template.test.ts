import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compileArgument, compileSubject } from '../../../src/uwsgi/rules/template.ts'
import { contextWith, TEST_ROUTER_DEPS } from './fake-context.ts'

const VARIABLES = {
  REQUEST_URI: '/ab?x=1',
  PATH_INFO: '/ab',
  QUERY_STRING: 'a=1&b=&b=2&c=x=y&d&a=3',
  HTTP_COOKIE: 'a=1; PHPSESSID=good;q="quoted";e=;e=second ; sp = x; \xc3\xa0=\xc3\xa0',
  HTTP_X_FILE: '/a.b/c.png',
  REMOTE_USER: 'Bob\xe9',
}

function expand(text: string, groups: readonly (string | undefined)[] | null = null): string {
  const context = contextWith(VARIABLES)
  context.groups = groups
  return compileArgument(text).expand(context)
}

describe('groups in arguments', () => {
  const groups = ['whole', 'one', undefined]
  for (const [text, expected] of [
    ['$1', 'one'],
    ['a$1b', 'aoneb'],
    ['$0', 'whole'],
    ['$10', 'one0'],
    ['$2$9', ''],
    ['$x$', '$x'],
    ['$$1', '$$1'],
    ['$$$1', '$$one'],
    ['$', ''],
    ['cost: 5$ each', 'cost: 5$ each'],
    ['', ''],
  ] as const) {
    test(`"${text}" is "${expected}"`, () => assert.equal(expand(text, groups), expected))
  }

  test('are nothing without a regular expression', () => assert.equal(expand('[$0$1]'), '[]'))

  test('are plain text in a condition', () => {
    assert.equal(compileSubject('$1$').expand(contextWith({})), '$1$')
  })
})

describe('variables', () => {
  for (const [text, expected] of [
    ['REQUEST_URI', '/ab?x=1'],
    ['REMOTE_USER', 'Bob\xe9'],
    ['NONE', ''],
    ['', ''],
    ['cookie[PHPSESSID]', 'good'],
    ['cookie[phpsessid]', ''],
    ['cookie[q]', '"quoted"'],
    ['cookie[e]', 'second'],
    ['cookie[a]', '1'],
    ['cookie[sp]', ''],
    ['cookie[sp ]', ' x'],
    ['cookie[\xe0]', '\xc3\xa0'],
    ['cookie[]', ''],
    ['qs[a]', '1'],
    ['qs[b]', '2'],
    ['qs[c]', 'x=y'],
    ['qs[c=x]', ''],
    ['qs[d]', ''],
    ['hex[PATH_INFO]', '2F6162'],
    ['hex[REMOTE_USER]', '426F62E9'],
    ['hex[NONE]', ''],
    ['base64[PATH_INFO]', 'L2Fi'],
    ['mime[HTTP_X_FILE]', 'image/png'],
    ['mime[PATH_INFO]', ''],
    ['upper[REMOTE_USER]', 'BOB\xe9'],
    ['lower[REMOTE_USER]', 'bob\xe9'],
    ['time[unix]', String(TEST_ROUTER_DEPS.clock.nowMs() / 1000)],
    ['time[micros]', `${TEST_ROUTER_DEPS.clock.nowMs()}000`],
    ['time[none]', ''],
    ['httptime[60]', new Date(TEST_ROUTER_DEPS.clock.nowMs() + 60_000).toUTCString()],
    ['httptime[999999999999]', 'Fri, 31 Dec 9999 23:59:59 GMT'],
    [`httptime[${'9'.repeat(400)}]`, 'Fri, 31 Dec 9999 23:59:59 GMT'],
    ['httptime[]', new Date(TEST_ROUTER_DEPS.clock.nowMs()).toUTCString()],
    ['uwsgi[wid]', '3'],
    ['uwsgi[pid]', '4321'],
    ['uwsgi[status]', '500'],
    ['uwsgi[none]', ''],
    ['nofunction[x]', ''],
    ['constructor[x]', ''],
  ] as const) {
    test(`\${${text}} is "${expected}"`, () => assert.equal(expand(`\${${text}}`), expected))
  }

  test('can be several in one text', () => {
    assert.equal(expand(`<\${PATH_INFO}|\${REMOTE_USER}|$1>`, ['', 'g']), '</ab|Bob\xe9|g>')
  })

  test('an identifier is a new one each time', () => {
    const text = `\${uwsgi[uuid]}`
    assert.match(expand(text), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    assert.notEqual(expand(text), expand(text))
  })

  test('what is not closed stays, with its groups', () => {
    assert.equal(expand(`a\${PATH_INFO$1`, ['', 'g']), `a\${PATH_INFOg`)
  })

  test('after a doubled sign a brace is plain text', () => {
    assert.equal(expand(`$\${PATH_INFO}`), `$\${PATH_INFO}`)
  })

  test('a name can be made with a group, but not which function it is', () => {
    assert.equal(expand(`\${qs[$1]}`, ['', 'a']), '1')
    assert.equal(expand(`\${cookie[$1$2]}`, ['', 'PHP', 'SESSID']), 'good')
    assert.equal(expand(`\${HTTP_$1}`, ['', 'X_FILE']), '/a.b/c.png')
    assert.equal(expand(`\${$1}`, ['', 'uwsgi[pid]']), '')
  })

  test('text of a configuration is bytes: UTF-8, one character each', () => {
    assert.equal(expand('é'), '\xc3\xa9')
  })

  test('what a rule sets counts from then on', () => {
    const context = contextWith(VARIABLES)
    context.setVariable('PATH_INFO', '/new')
    assert.equal(compileArgument(`\${PATH_INFO}`).expand(context), '/new')
  })
})
