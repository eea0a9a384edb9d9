import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { collectOptions } from '../../../src/uwsgi/options/collect.ts'
import { COMMAND_LINE } from '../../../src/uwsgi/options/given-option.ts'
import { loadOptions } from '../../../src/uwsgi/options/index.ts'
import { djb33xHex } from '../../../src/uwsgi/options/ini-file.ts'
import { fakeHostEnvironment } from '../../../testing/fake-host-environment.ts'
import { loadIni, readLines } from './reading.ts'

const PATH = '/srv/site/my.conf.ini'

/** The value of `a` in a file at PATH. */
function magic(value: string, given = PATH): string {
  const host = fakeHostEnvironment({ [given]: `[uwsgi]\na = ${value}\n[other]\na = ${value}` })
  const { options } = collectOptions([{ name: 'ini', value: given, origin: COMMAND_LINE }], host)
  return options[0]?.value ?? ''
}

describe('magic variables', () => {
  const cases: [string, string][] = [
    ['%p', PATH],
    ['%d', '/srv/site/'],
    ['%e', 'ini'],
    ['%o', PATH],
    ['%s', 'my.conf.ini'],
    ['%n', 'my.conf'],
    ['%c', 'site'],
    ['%x', ''],
    ['%0 %1', 'srv site'],
    ['<%2%9>', '<>'],
    ['%v', '/srv/work'],
    ['%h', 'crypt'],
    ['%V', '9.8.7'],
    ['%t', '1700000000'],
    ['%T', '1700000000123000'],
    ['%k', '4'],
    ['%u %U %g %G', '1000 ada 100 users'],
    ['%i', '77'],
    ['%[', '\u001b'],
    ['100%%', '100%'],
    ['%(b)', '%(b)'],
    ['%dvenv', '/srv/site/venv'],
    ['%d%n.pid', '/srv/site/my.conf.pid'],
    ['a%zb', 'ab'],
    ['50% of', '50of'],
  ]
  for (const [text, expected] of cases) {
    test(`turn ${text} into ${JSON.stringify(expected)}`, () => assert.equal(magic(text), expected))
  }

  test('%p of a relative name is absolute, %o is the name as given', () => {
    assert.equal(magic('%p %o', 'app.ini'), '/srv/work/app.ini app.ini')
  })

  test('%x is the section that was asked for', () => {
    const host = fakeHostEnvironment({ '/x.ini': '[uwsgi]\n[other]\na = %x' })
    const given = { name: 'ini', value: '/x.ini:other', origin: COMMAND_LINE }
    assert.equal(collectOptions([given], host).options[0]?.value, 'other')
  })

  test('%j is the djb33x hash of the path, its bytes little-endian', () => {
    // Bytes and hashes seen in a real uWSGI, 0x0b8737a3 and so on.
    assert.equal(djb33xHex(Buffer.from('foo')), 'a337870b')
    assert.equal(djb33xHex(Buffer.from('hello world')), '4553c6f8')
    assert.equal(djb33xHex(Buffer.from([0x80, 0x61])), 'a48ea6ff')
    assert.equal(magic('%j'), djb33xHex(Buffer.from(PATH)))
  })

  test('in capitals are those of the first file loaded', () => {
    const files = { '/srv/more.conf': '[uwsgi]\na = %N %E %P %n %e' }
    assert.deepEqual(readLines('ini = /srv/more.conf', files), ['a=app ini /srv/app.ini more conf'])
  })

  test('are replaced in comments and section names as well', () => {
    assert.deepEqual(readLines('; note %\na = 1\n[%n]\nb = 2\n[uwsgi]\nc = 3'), ['c=3'])
  })

  test('a % at the end of a line swallows the line break, and a warning says so', () => {
    assert.deepEqual(readLines('a = 50%\nfoo = 1'), ['a=50foo = 1'])
    const { warnings } = loadIni('[uwsgi]\nbuffer-size = 50%\n')
    assert.match(
      warnings.join(),
      /app\.ini:2: "%\\n" is not a magic variable and was removed; write %% for a percent sign/,
    )
  })

  test('lines keep their numbers behind a swallowed line break', () => {
    const given = { name: 'ini', value: '/x.ini', origin: COMMAND_LINE }
    const host = fakeHostEnvironment({ '/x.ini': '[uwsgi]\na = 50%\nfoo\nb = 2' })
    assert.deepEqual(
      collectOptions([given], host).options.map(option => option.origin.line),
      [2, 4],
    )
  })

  test('are not replaced in values of the command line', () => {
    const given = { name: 'chmod-socket', value: '%d', origin: COMMAND_LINE }
    const { options } = loadOptions([given], fakeHostEnvironment())
    assert.equal(options.given.get('chmod-socket')?.[0]?.value, '%d')
  })
})
