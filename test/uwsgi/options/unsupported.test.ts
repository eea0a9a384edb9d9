/**
 * Options of uWSGI that undercroft does not have.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  flagOption,
  loadOptions,
  OPTION_TABLE,
  parseArguments,
  requireSupported,
} from '../../../src/uwsgi/options/index.ts'
import { fakeHostEnvironment } from '../../../testing/fake-host-environment.ts'
import { loadIni, refusal } from './reading.ts'

/** What the start says about a file with these lines. */
function start(lines: string): string[] {
  const { options, warnings } = loadIni(`[uwsgi]\n${lines}`)
  requireSupported(options)
  return [...warnings]
}

describe('an option of uWSGI that is out of scope', () => {
  test('stops the start, with the file, the line and what to do instead', () => {
    assert.throws(
      () => start('cache = 5\nemperor = /etc/vassals'),
      refusal(/^\/srv\/app\.ini:3: emperor is not supported\. Run one systemd unit/),
    )
  })

  test('is reported together with all others, and with the way to start without them', () => {
    const all = ['2: spooler ', '3: cron ', '4: fastrouter ']
    const text = all.map(line => `/srv/app\\.ini:${line}.*`).join('\n')
    assert.throws(
      () => start('spooler = /s\ncron = 0 0 -1 -1 -1 x\nfastrouter = :1'),
      refusal(new RegExp(`${text}\nignore-unsupported = true starts without`)),
    )
  })

  test('is a warning with ignore-unsupported', () => {
    assert.deepEqual(start('emperor = /v\nignore-unsupported = true'), [
      '/srv/app.ini:2: emperor is not supported and has no effect. ' +
        'Run one systemd unit for each instance.',
    ])
  })

  test('stays a placeholder where the file uses it as one', () => {
    assert.deepEqual(start('mount-asap = /s\nchdir = %(mount-asap)/a'), [])
    assert.deepEqual(start('set-ph = mule=5\nprocesses = %(mule)'), [])
  })

  test('asks for nothing as a flag that is switched off', () => {
    assert.deepEqual(start('emperor-tyrant = false'), [])
  })

  test('stops the start on the command line and in the environment as well', () => {
    const parsed = parseArguments(['--emperor', '/v', '--master'], OPTION_TABLE)
    const { options } = loadOptions(parsed.given, fakeHostEnvironment())
    assert.equal(flagOption(options, 'master'), true)
    assert.throws(() => requireSupported(options), refusal(/^command line: emperor is not/))
  })

  test('is not suggested for a misspelt name', () => {
    assert.match(start('emperorr = 1')[0] ?? '', /emperorr is not an option(?!; did)/)
  })
})

describe('an option of uWSGI that has no meaning here', () => {
  test('has no effect, and one line says why', () => {
    assert.deepEqual(start('need-app = true\nlisten = 100'), [
      '/srv/app.ini:2: need-app has no meaning under Node.js. ' +
        'Node.js and the kernel do this without an option.',
      '/srv/app.ini:3: listen has no meaning under Node.js. ' +
        'Node.js and the kernel do this without an option.',
    ])
  })
})
