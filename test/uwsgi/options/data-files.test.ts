/**
 * Configurations in YAML and JSON. Real uWSGI 2.0.21 reads these files in the same way.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { collectOptions } from '../../../src/uwsgi/options/collect.ts'
import { COMMAND_LINE } from '../../../src/uwsgi/options/index.ts'
import { fakeHostEnvironment } from '../../../testing/fake-host-environment.ts'
import { refusal } from './reading.ts'

/** The options of a file, as `name=value@line`. */
function read(option: 'yaml' | 'js', text: string, section = ''): string[] {
  const path = '/srv/app.conf'
  const given = [{ name: option, value: `${path}${section}`, origin: COMMAND_LINE }]
  const { options } = collectOptions(given, fakeHostEnvironment({ [path]: text }))
  return options.map(({ name, value, origin }) => `${name}=${value}@${origin.line}`)
}

describe('a YAML file', () => {
  test('gives the names and values of its section, with their lines', () => {
    const text = [
      '---',
      '# comment',
      'other:',
      '  a: 1',
      'uwsgi:',
      '  socket: "127.0.0.1:0" # comment',
      '',
      '  cache2: name=a,items=5',
      "  cache2: 'it''s'",
      '  route: ^/a#b last:',
      '  pidfile: %d%n.pid',
      'more:',
      '  b: 2',
    ]
    assert.deepEqual(read('yaml', text.join('\r\n')), [
      'socket=127.0.0.1:0@6',
      'cache2=name=a,items=5@8',
      "cache2=it's@9",
      'route=^/a#b last:@10',
      'pidfile=/srv/app.pid@11',
    ])
    assert.deepEqual(read('yaml', text.join('\n'), ':more'), ['b=2@13'])
  })

  test('gives one option for each value of a list', () => {
    const text = 'uwsgi:\n  env:\n    - A=1\n    - "B=2"\n  socket: [a, "b"]\n  master: true'
    assert.deepEqual(read('yaml', text), [
      'env=A=1@3',
      'env=B=2@4',
      'socket=a@5',
      'socket=b@5',
      'master=true@6',
    ])
  })

  test('with anything else is refused with its line', () => {
    const bad = [
      '  a: {b: 1}',
      '  a: |',
      '  a: &x 1',
      '  a: *x',
      '  a',
      '\ta: 1',
      '  - a',
      '  a: "x',
    ]
    for (const line of bad) {
      assert.throws(
        () => read('yaml', `uwsgi:\n${line}`),
        refusal(/^\/srv\/app\.conf:2: .*(write a section|by spaces)/),
        line,
      )
    }
    assert.throws(() => read('yaml', 'uwsgi: 1'), refusal(/app\.conf:1: a section has no value/))
    assert.throws(() => read('yaml', 'uwgsi:\n  a: 1'), refusal(/no section \[uwsgi\]; did you/))
    assert.throws(() => read('yaml', '\ufeffuwsgi:\n  a: 1'), refusal(/byte order mark/))
  })
})

describe('a JSON file', () => {
  test('gives the names and values of its section as uWSGI writes them', () => {
    const text =
      '{"uwsgi": {\n"env": ["A=1", "B=2"],\n"master": true, "n": null, "f": false,\n"p": 2}}'
    assert.deepEqual(read('js', text), [
      'env=A=1@2',
      'env=B=2@2',
      'master=1@3',
      'n=0@3',
      'f=0@3',
      'p=2@4',
    ])
  })

  test('that is none, or has other values, is refused', () => {
    assert.throws(() => read('js', '{'), refusal(/^\/srv\/app\.conf: is not JSON: /))
    assert.throws(() => read('js', '[]'), refusal(/must be an object with a section/))
    assert.throws(() => read('js', '{"a": {}}'), refusal(/no section \[uwsgi\]; it has \[a\]/))
    assert.throws(
      () => read('js', '{"uwsgi": {"a": {"b": 1}}}'),
      refusal(/app\.conf:1: a must be a string, number, flag or a list/),
    )
  })
})
