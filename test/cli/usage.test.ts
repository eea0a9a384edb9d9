import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { UndercroftError } from '../../src/base/index.ts'
import { COMMANDS } from '../../src/cli/commands/commands.ts'
import { CACHE2_TABLE, OPTION_TABLE } from '../../src/uwsgi/options/index.ts'
import { FakeMachine } from './fake-environment.ts'

describe('undercroft help', () => {
  test('lists every command', async () => {
    for (const args of [['help'], ['--help'], ['-h'], ['help', 'help']]) {
      const { code, out } = await new FakeMachine().run(...args)
      assert.equal(code, 0)
      for (const command of COMMANDS) assert.ok(out.includes(`\n  ${command.name} `), command.name)
    }
  })

  test('of serve lists every option of the table', async () => {
    const { out } = await new FakeMachine().run('serve', '--help')
    for (const name of OPTION_TABLE.byName.keys()) assert.ok(out.includes(`--${name}`), name)
    for (const name of CACHE2_TABLE.byName.keys()) assert.ok(out.includes(name), name)
  })

  test('of a command is the same as the command with --help, and opens nothing', async () => {
    for (const command of COMMANDS) {
      const machine = new FakeMachine()
      const asked = await machine.run('help', command.name)
      assert.deepEqual(await machine.run(command.name, '--help'), asked)
      assert.equal(asked.code, 0)
      const { table } = await command.load()
      for (const name of table.byName.keys()) assert.ok(asked.out.includes(`--${name}`))
      assert.deepEqual([machine.opened, machine.served], [[], []])
    }
  })

  test('fits 100 columns', async () => {
    for (const topic of ['help', ...COMMANDS.map(command => command.name)]) {
      const { out } = await new FakeMachine().run('help', topic)
      for (const line of out.split('\n')) assert.ok(line.length <= 100, line)
    }
  })
})

describe('undercroft', () => {
  test('alone prints how to use it on standard error and exits with 2', async () => {
    const { code, out, err } = await new FakeMachine().run()
    assert.deepEqual([code, out], [2, ''])
    assert.match(err, /^Usage: undercroft COMMAND/)
  })

  test('--version prints the version of the package', async () => {
    assert.equal((await new FakeMachine().run('--version')).out, '9.8.7\n')
  })

  const mistakes: [string, string[], RegExp][] = [
    ['an unknown command', ['gte', 'k'], /no command "gte"; did you mean "get"\?/],
    ['an unknown option', ['get', 'k', '--cashe=a'], /option --cashe; did you mean "--cache"\?/],
    ['an option of another command', ['get', 'k', '--ttl', '5'], /unknown option --ttl/],
    ['a missing word', ['set', 'k'], /VALUE is missing; usage: undercroft set KEY VALUE/],
    [
      'a word too many',
      ['get', 'k', 'l'],
      /"l" is one argument too many; usage: undercroft get KEY/,
    ],
    ['an option without its value', ['get', 'k', '--cache'], /--cache needs a value/],
    ['a port that is none', ['get', 'k', '--cache', 'a@b:x'], /--cache must be host:port/],
    ['an unknown topic of help', ['help', 'gte'], /no command "gte"/],
  ]
  for (const [what, argv, message] of mistakes) {
    test(`exits with 2 and says why after ${what}`, async () => {
      const { code, out, err } = await new FakeMachine().run(...argv)
      assert.deepEqual([code, out], [2, ''])
      assert.match(err, message)
      assert.match(err, /^undercroft: .* \(UNDERCROFT_OPTION_INVALID\)\n$/)
    })
  }

  test('with --json prints errors as JSON too', async () => {
    const { code, err } = await new FakeMachine().run('set', 'k', '--json')
    assert.equal(code, 2)
    assert.equal(JSON.parse(err).error.code, 'UNDERCROFT_OPTION_INVALID')
    assert.match(JSON.parse(err).error.message, /VALUE is missing/)
  })

  test('exits with 3 when it cannot do what it is told, with 2 for a bad key', async () => {
    const machine = new FakeMachine()
    machine.failure = new UndercroftError('UNDERCROFT_CONNECTION', 'no answer from db:3031')
    assert.deepEqual(await machine.run('get', 'k'), {
      code: 3,
      out: '',
      err: 'undercroft: no answer from db:3031 (UNDERCROFT_CONNECTION)\n',
    })
    machine.failure = new UndercroftError('UNDERCROFT_KEY_INVALID', 'the key is empty')
    assert.equal((await machine.run('get', '')).code, 2)
    machine.failure = new Error('no such thing')
    assert.equal((await machine.run('get', 'k')).code, 3)
  })
})
