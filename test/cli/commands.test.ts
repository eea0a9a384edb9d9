import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { UndercroftError } from '../../src/base/index.ts'
import { FakeMachine } from './fake-environment.ts'

/** A machine whose cache holds these. */
function machineWith(items: Record<string, string> = {}): FakeMachine {
  const machine = new FakeMachine()
  for (const [key, value] of Object.entries(items)) machine.cache.set(key, Buffer.from(value))
  return machine
}

describe('undercroft get', () => {
  test('prints the value byte for byte and exits with 0', async () => {
    const machine = machineWith({ k: 'a\0b' })
    assert.deepEqual(await machine.run('get', 'k'), { code: 0, out: 'a\0b', err: '' })
  })

  test('ends the line only on a terminal, and only if the value does not', async () => {
    const machine = machineWith({ k: 'a', n: 'a\n' })
    machine.isTTY = true
    assert.equal((await machine.run('get', 'k')).out, 'a\n')
    assert.equal((await machine.run('get', 'n')).out, 'a\n')
  })

  test('prints nothing for a miss and exits with 1', async () => {
    assert.deepEqual(await machineWith().run('get', 'k'), { code: 1, out: '', err: '' })
  })

  test('with --json tells text from other bytes, and a miss', async () => {
    const machine = machineWith({ k: 'é' })
    machine.cache.set('b', Buffer.from([0xff]), { ttlMs: 5 })
    const read = async (key: string) =>
      JSON.parse(Buffer.from((await machine.run('get', key, '--json')).out, 'latin1').toString())
    assert.deepEqual(await read('k'), { found: true, type: 'bytes', value: 'é', expiresAtMs: null })
    assert.deepEqual(await read('b'), {
      ...{ found: true, type: 'bytes', value: { base64: '/w==' } },
      expiresAtMs: 5,
    })
    assert.deepEqual(await read('no'), { found: false })
  })

  test('takes the options before or after the key', async () => {
    const machine = machineWith({ k: 'v' })
    assert.equal((await machine.run('get', '--cache', 'name', 'k')).out, 'v')
    assert.equal((await machine.run('get', 'k', '--cache=name')).out, 'v')
    assert.deepEqual(machine.opened, [{ name: 'name' }, { name: 'name' }])
  })
})

describe('undercroft set and add', () => {
  test('store a value, and say nothing', async () => {
    const machine = machineWith()
    assert.deepEqual(await machine.run('set', 'k', 'v'), { code: 0, out: '', err: '' })
    assert.equal(machine.cache.getItem('k')?.bytes.toString(), 'v')
    assert.equal((await machine.run('set', 'k', '-5')).code, 0)
    assert.equal(machine.cache.getItem('k')?.bytes.toString(), '-5')
  })

  test('read the value from standard input for -', async () => {
    const machine = machineWith()
    machine.stdin = Buffer.from('a value of more than one chunk')
    assert.equal((await machine.run('set', 'k', '-')).code, 0)
    assert.deepEqual(machine.cache.getItem('k')?.bytes, machine.stdin)
  })

  test('refuse a value that is larger than the cache takes', async () => {
    const machine = machineWith()
    machine.stdin = Buffer.alloc(65)
    const { code, err } = await machine.run('set', 'k', '-')
    assert.equal(code, 3)
    assert.match(err, /\(UNDERCROFT_VALUE_TOO_LARGE\)/)
  })

  test('take a TTL in seconds, in another unit, or never', async () => {
    const machine = machineWith()
    const ttls = {
      '60': 60_000,
      '0.5': 500,
      '2s': 2000,
      '500ms': 500,
      '5m': 300_000,
      never: Infinity,
    }
    Object.assign(ttls, { '2h': 7_200_000, '7d': 604_800_000 })
    for (const [text, expected] of Object.entries(ttls)) {
      await machine.run('set', 'k', 'v', '--ttl', text)
      assert.equal(machine.cache.ttlMs('k'), expected, text)
    }
  })

  test('refuse a TTL that is none, before they open the cache', async () => {
    const machine = machineWith()
    const { code, err } = await machine.run('set', 'k', 'v', '--ttl', 'soon')
    assert.equal(code, 2)
    assert.match(
      err,
      /ttl must be seconds such as 60, a duration such as 500ms or 5m, or never; got "soon"/,
    )
    assert.deepEqual(machine.opened, [])
  })

  test('exit with 1 and a line why when the cache does not take it', async () => {
    const machine = machineWith({ a: '1', b: '2', c: '3' })
    const full = await machine.run('set', 'k', 'v')
    assert.deepEqual([full.code, full.err], [1, 'undercroft: not stored: the cache is full\n'])
    const there = await machine.run('add', 'a', 'v')
    assert.equal(there.code, 1)
    assert.equal(there.err, 'undercroft: not stored: the key is already present\n')
    const absent = await machine.run('add', 'k', 'v')
    assert.equal(absent.err, 'undercroft: not stored: the cache is full\n')
    assert.deepEqual(await machine.run('add', 'a', 'v', '--json'), {
      code: 1,
      out: '{"stored":false}\n',
      err: '',
    })
  })
})

describe('undercroft del, exists and clear', () => {
  test('exit with 0 for a key that is there and with 1 for one that is not', async () => {
    const machine = machineWith({ k: 'v' })
    assert.equal((await machine.run('exists', 'k')).code, 0)
    assert.equal((await machine.run('del', 'k')).code, 0)
    assert.equal((await machine.run('exists', 'k')).code, 1)
    assert.equal((await machine.run('del', 'k')).code, 1)
  })

  test('print JSON when asked', async () => {
    const machine = machineWith({ k: 'v', l: 'w' })
    assert.equal((await machine.run('exists', 'k', '--json')).out, '{"exists":true}\n')
    assert.equal((await machine.run('del', 'k', '--json')).out, '{"deleted":true}\n')
    assert.equal((await machine.run('clear', '--json')).out, '{"deleted":1}\n')
  })

  test('clear prints how many items there were', async () => {
    assert.equal((await machineWith({ a: '1', b: '2' }).run('clear')).out, '2\n')
  })
})

describe('undercroft keys', () => {
  test('prints every key, one a line', async () => {
    assert.equal((await machineWith({ a: '1', b: '2', c: '3' }).run('keys')).out, 'a\nb\nc\n')
  })

  test('prints at most --limit keys', async () => {
    const machine = machineWith({ a: '1', b: '2', c: '3' })
    assert.equal((await machine.run('keys', '--limit', '1')).out, 'a\n')
    assert.equal((await machine.run('keys', '--limit', '3')).out, 'a\nb\nc\n')
    assert.equal((await machine.run('keys', '--limit', '0')).code, 2)
  })

  test('with --json prints one array, keys that are no text as base64', async () => {
    const machine = machineWith({ a: '1' })
    machine.cache.set(Buffer.from([0xff, 0x0a]), Buffer.from('v'))
    assert.equal((await machine.run('keys', '--json')).out, '["a",{"base64":"/wo="}]\n')
    assert.equal((await machineWith().run('keys', '--json')).out, '[]\n')
  })
})

describe('undercroft inc', () => {
  test('adds 1, or what it is told, and prints the sum', async () => {
    const machine = machineWith()
    assert.equal((await machine.run('inc', 'n')).out, '1\n')
    assert.equal((await machine.run('inc', 'n', '10')).out, '11\n')
    assert.equal((await machine.run('inc', 'n', '-15')).out, '-4\n')
  })

  test('starts from --initial', async () => {
    assert.equal((await machineWith().run('inc', 'n', '--initial', '100')).out, '101\n')
  })

  test('with --json keeps every digit', async () => {
    const machine = machineWith()
    assert.equal((await machine.run('inc', 'n', '--json')).out, '{"stored":true,"value":1}\n')
    const { out } = await machine.run('inc', 'm', String(2n ** 60n + 1n), '--json')
    assert.equal(out, '{"stored":true,"value":"1152921504606846977"}\n')
  })

  test('exits with 1 when the cache is full, and with 2 for what is no number', async () => {
    const machine = machineWith({ a: '1', b: '2', c: '3' })
    assert.equal((await machine.run('inc', 'n')).code, 1)
    assert.equal((await machine.run('inc', 'n', '1.5')).code, 2)
  })
})

describe('undercroft ttl', () => {
  test('prints milliseconds or never, in the form that --ttl reads', async () => {
    const machine = machineWith({ k: 'v' })
    machine.cache.set('t', Buffer.from('v'), { ttlMs: 1500 })
    assert.equal((await machine.run('ttl', 'k')).out, 'never\n')
    assert.equal((await machine.run('ttl', 't')).out, '1500ms\n')
    assert.equal((await machine.run('ttl', 'no')).code, 1)
  })

  test('with --json says null for never', async () => {
    const machine = machineWith({ k: 'v' })
    assert.equal((await machine.run('ttl', 'k', '--json')).out, '{"found":true,"ttlMs":null}\n')
    assert.equal((await machine.run('ttl', 'no', '--json')).out, '{"found":false}\n')
  })
})

describe('undercroft stats and verify', () => {
  test('stats prints a line for each fact, or one JSON object', async () => {
    const machine = machineWith({ a: '1' })
    assert.match((await machine.run('stats')).out, /^items +1$/m)
    assert.equal(JSON.parse((await machine.run('stats', '--json')).out).items, 1)
  })

  test('verify exits with 0 when all is well', async () => {
    const { code, out } = await machineWith().run('verify')
    assert.deepEqual([code, out], [0, 'ok, 0 items\n'])
  })

  test('verify exits with 3 and names each problem', async () => {
    const machine = machineWith()
    machine.cache.report = { ok: false, problems: ['a chain loops'], items: 4 }
    const { code, out } = await machine.run('verify')
    assert.deepEqual([code, out], [3, 'corrupt: 1 problems, 4 items\n  a chain loops\n'])
    assert.equal(JSON.parse((await machine.run('verify', '--json')).out).ok, false)
  })
})

describe('the cache a command works on', () => {
  test('is called default unless --cache says otherwise', async () => {
    const machine = machineWith()
    await machine.run('keys')
    await machine.run('keys', '--cache', 'a', '--directory', '/d')
    await machine.run('keys', '--cache', 'a@db:3031')
    await machine.run('keys', '--cache', '@/run/u.sock')
    await machine.run('keys', '--cache', '/run/u.sock')
    await machine.run('keys', '--cache', 'db:3031')
    assert.deepEqual(machine.opened, [
      { name: 'default' },
      { name: 'a', directory: '/d' },
      { name: 'a', remote: { kind: 'tcp', host: 'db', port: 3031 } },
      { name: '', remote: { kind: 'unix', path: '/run/u.sock' } },
      { name: '', remote: { kind: 'unix', path: '/run/u.sock' } },
      { name: '', remote: { kind: 'tcp', host: 'db', port: 3031 } },
    ])
  })

  test('is closed afterwards, also after an error', async () => {
    const machine = machineWith()
    machine.cache.verify = () => {
      throw new UndercroftError('UNDERCROFT_TIMEOUT', 'too late')
    }
    assert.equal((await machine.run('verify')).code, 3)
    assert.equal(machine.cache.isClosed, true)
  })

  test('cannot be on a server and in a directory', async () => {
    assert.equal((await machineWith().run('keys', '--cache', 'a@b:1', '--directory', '/d')).code, 2)
  })
})
