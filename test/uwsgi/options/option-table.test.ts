import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import {
  CACHE2_TABLE,
  flagOption,
  integerOption,
  listOption,
  loadOptions,
  OPTION_TABLE,
  parseArguments,
  readEnvironmentOptions,
  requireSupported,
  resolveCaches,
  textOption,
} from '../../../src/uwsgi/options/index.ts'
import { isDescribed } from '../../../src/uwsgi/options/option-row.ts'
import { formatAllHelp, formatOptionsPage } from '../../../src/uwsgi/options/option-text.ts'
import { articleIni } from '../../../testing/article-ini.ts'
import { fakeHostEnvironment } from '../../../testing/fake-host-environment.ts'
import { loadIni, refusal } from './reading.ts'

const parse = (...args: string[]) => parseArguments(args, OPTION_TABLE)
const load = (...args: string[]) => loadOptions(parse(...args).given, fakeHostEnvironment()).options

describe('the option table', () => {
  test('is what docs/reference/options.md says', () => {
    const page = readFileSync(
      new URL('../../../../docs/reference/options.md', import.meta.url),
      'utf8',
    )
    assert.ok(page === formatOptionsPage(), 'the page is old: npm run docs:options')
  })

  test('is listed whole by help, except for the options that are not supported', () => {
    const help = formatAllHelp()
    for (const [name, row] of OPTION_TABLE.byName) {
      if (isDescribed(row)) assert.ok(help.includes(`--${name}`), name)
    }
    for (const name of CACHE2_TABLE.byName.keys()) assert.ok(help.includes(name), name)
  })

  test('describes each option in a sentence', () => {
    for (const row of [...OPTION_TABLE.rows, ...CACHE2_TABLE.rows]) {
      assert.match(row.description, /^[A-Zd].*\.$/, row.name)
    }
  })

  test('has no letter twice', () => {
    const letters = OPTION_TABLE.rows.flatMap(row => row.letter ?? [])
    assert.equal(new Set(letters).size, letters.length)
  })
})

describe('the INI file of the Python article', () => {
  test('reads as its author meant it', () => {
    const { options, files } = loadIni(articleIni())
    assert.deepEqual(files, ['/srv/app.ini'])
    assert.equal(flagOption(options, 'master'), true)
    assert.equal(integerOption(options, 'processes'), 4)
    assert.equal(integerOption(options, 'max-requests'), 6000)
    assert.equal(textOption(options, 'chmod-socket'), '664')
    assert.equal(integerOption(options, 'buffer-size'), 32768)
    assert.equal(textOption(options, 'venv'), '/srv/venv')
    assert.equal(textOption(options, 'pidfile'), '/srv/app.pid')
    assert.equal(listOption(options, 'http')[0]?.value, '127.0.0.1:5001')
    assert.equal(resolveCaches(options).caches[0]?.maxItems, 19)
  })

  test('is told in one line each which options have no meaning here', () => {
    const { warnings } = loadIni(articleIni())
    const names = warnings.map(line => /:\d+: (\S+) has no meaning/.exec(line)?.[1])
    assert.deepEqual(names, ['threads', 'thunder-lock', 'venv'])
  })

  test('has nothing that is not supported', () => {
    requireSupported(loadIni(articleIni()).options)
  })
})

describe('the command line', () => {
  test('of the web caching page is understood', () => {
    const options = load(
      ...'--socket 127.0.0.1:3031 --module mysimpleapp --master --processes 4 --cache 1000'.split(
        ' ',
      ),
    )
    assert.equal(textOption(options, 'module'), 'mysimpleapp')
    assert.equal(flagOption(options, 'master'), true)
    assert.equal(integerOption(options, 'cache'), 1000)
  })

  test('takes --name value, --name=value, flags, aliases and letters', () => {
    const { given } = parse(
      '--cache2',
      'a=1',
      '--cache2=b=2',
      '--master',
      '--workers=3',
      '-p',
      '4',
      '-b5',
    )
    assert.deepEqual(
      given.map(option => `${option.name}:${option.value}`),
      ['cache2:a=1', 'cache2:b=2', 'master:', 'processes:3', 'processes:4', 'buffer-size:5'],
    )
  })

  test('lets the last of several values count, and keeps all of a list', () => {
    const options = load('-p', '2', '-s', 'a:1', '-p', '3', '--socket=b:2')
    assert.equal(integerOption(options, 'processes'), 3)
    assert.equal(listOption(options, 'socket').length, 2)
  })

  test('takes bare words and negative numbers as positionals, and all after --', () => {
    assert.deepEqual(parse('a', '-15', '--', '--master').positionals, ['a', '-15', '--master'])
  })

  test('refuses an unknown option and suggests the nearest', () => {
    assert.throws(
      () => parse('--proceses', '4'),
      refusal(/--proceses; did you mean "--processes"\?/),
    )
    assert.throws(() => parse('-X'), refusal(/unknown option -X/))
  })

  test('refuses an option without its value', () => {
    assert.throws(() => parse('--cache2'), refusal(/--cache2 needs a value/))
    assert.throws(() => parse('--cache2', '--master'), refusal(/write --cache2=--master/))
    assert.throws(() => parse('--cache2='), refusal(/--cache2 must be a string that is not empty/))
  })

  test('can set placeholders for a file, and has conditions and loops of its own', () => {
    const file = { '/a.ini': '[uwsgi]\ncache2 = name=a,items=%(size)' }
    const args = ['--set-ph', 'size=7', '--for', '1 2', '--socket', ':%(_)', '--endfor']
    const { options } = loadOptions(
      parse(...args, '--ini', '/a.ini').given,
      fakeHostEnvironment(file),
    )
    assert.equal(resolveCaches(options).caches[0]?.maxItems, 6)
    assert.deepEqual(
      listOption(options, 'socket').map(socket => socket.value),
      [':1', ':2'],
    )
  })

  test('takes an optional value only after =', () => {
    const { given, positionals } = parse('--check-cache', 'x', '--check-cache=y')
    assert.deepEqual([given.map(option => option.value), positionals], [['', 'y'], ['x']])
  })
})

describe('option values', () => {
  test('switch a flag off only by false, off, no in any case, and 0', () => {
    for (const value of ['false', 'OFF', 'No', '0']) {
      assert.equal(flagOption(loadIni(`[uwsgi]\nmaster = ${value}`).options, 'master'), false)
    }
    for (const value of ['', 'true', 'nope', '1']) {
      assert.equal(flagOption(loadIni(`[uwsgi]\nmaster = ${value}`).options, 'master'), true)
    }
  })

  test('refuse negative numbers and text for a number', () => {
    for (const value of ['-1', 'abc', '1k', '']) {
      assert.throws(
        () => loadIni(`[uwsgi]\nmax-requests = ${value}`),
        refusal(/max-requests must be/),
      )
    }
  })

  test('above 65535 count as 65535 for buffer-size', () => {
    assert.equal(integerOption(load('-b', '100000'), 'buffer-size'), 65535)
  })

  test('come from the table when nothing is given', () => {
    assert.equal(integerOption(load(), 'buffer-size'), 4096)
    assert.equal(integerOption(load(), 'socket-timeout'), 4)
    assert.equal(flagOption(load(), 'master'), false)
  })
})

describe('environment variables', () => {
  test('give options in capitals after UWSGI_, and others are left alone', () => {
    const given = readEnvironmentOptions({
      UWSGI_CACHE2: 'name=e,items=4',
      UWSGI_BUFFER_SIZE: '9',
      UWSGI_RELOADS: '1',
      PATH: '/bin',
    })
    assert.deepEqual(
      given.map(option => `${option.name}:${option.value}`),
      ['cache2:name=e,items=4', 'buffer-size:9'],
    )
  })
})
