import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatAddress } from '../../src/uwsgi/options/index.ts'
import { FakeMachine } from './fake-environment.ts'

const LIMITS = {
  bufferSize: 4096,
  socketTimeoutMs: 4000,
  keepTimeoutMs: 60_000,
  maxConnections: 1024,
  maxConnectionsPerAddress: 1024,
  maxBufferedSize: 268_435_456,
}

const UNMOUNTED = { mounts: [], managesScriptName: false }
const DEMO = ['--cache2', 'name=demo,items=10,blocksize=64'] as const

describe('undercroft serve', () => {
  test('prints a line for each cache and socket, how to reach them, and exits with 0', async () => {
    const machine = new FakeMachine()
    const { code, out, err } = await machine.run(
      'serve',
      ...DEMO,
      '--cache',
      '5',
      '-s',
      '/run/u.sock',
    )
    assert.deepEqual([code, err], [0, ''])
    const [first, ...lines] = out.split('\n')
    assert.match(first ?? '', /^instance u-sock-[0-9a-f]{8}$/)
    assert.equal(
      lines[0],
      '*** Cache "default" initialized: 3MB (items: 4, one of 5 places stays empty, ' +
        'key: 256 bytes, value: 64 bytes, data: 256 bytes) preallocated ***',
    )
    assert.match(lines[1] ?? '', /^\*\*\* Cache "demo" initialized: .*items: 9/)
    assert.equal(lines[2], 'uwsgi socket 0 bound to UNIX address /run/u.sock')
    assert.match(out, /undercroft get KEY --cache default@\/run\/u\.sock/)
    assert.match(out, /uwsgi_pass unix:\/run\/u\.sock;/)
    assert.match(out, /uwsgi\.cache_get\('KEY', 'default@\/run\/u\.sock'\)/)
    assert.equal(lines.at(-2), 'stopped by SIGTERM')
  })

  test('closes sockets and caches at the end', async () => {
    const machine = new FakeMachine()
    await machine.run('serve', ...DEMO, '-s', ':1', '-s', ':2')
    assert.deepEqual([machine.listening.length, machine.served.length], [2, 1])
    assert.ok(machine.listening.every(socket => socket.isClosed))
    assert.ok(machine.served.every(cache => cache.isClosed))
  })

  test('listens on loopback unless told otherwise, and says so for a port alone', async () => {
    const machine = new FakeMachine()
    await machine.run('serve', ...DEMO)
    const { err } = await machine.run('serve', ...DEMO, '-s', ':4040')
    await machine.run('serve', ...DEMO, '-s', '0.0.0.0:4040', '--allow-public')
    assert.deepEqual(
      machine.listening.map(socket => socket.address),
      [
        { kind: 'tcp', host: '127.0.0.1', port: 3031 },
        { kind: 'tcp', host: '127.0.0.1', port: 4040 },
        { kind: 'tcp', host: '0.0.0.0', port: 4040 },
      ],
    )
    assert.match(err, /warning: .*socket listens on 127\.0\.0\.1:4040 only; write 0\.0\.0\.0:4040/)
  })

  test('gives its limits to every socket', async () => {
    const machine = new FakeMachine()
    await machine.run('serve', ...DEMO, '-b', '9000', '-z', '2', '--chmod-socket', '664')
    await machine.run('serve', ...DEMO)
    assert.deepEqual(
      machine.listening.map(socket => socket.limits),
      [{ ...LIMITS, bufferSize: 9000, socketTimeoutMs: 2000, mode: 0o664 }, LIMITS],
    )
  })

  test('reads a bare INI file in its place, so that what comes later counts', async () => {
    const machine = new FakeMachine()
    machine.files = { 'app.ini': '[uwsgi]\ncache2 = name=a,items=5\nbuffer-size = 5000\n' }
    const first = await machine.run('serve', 'app.ini', '--buffer-size', '6000')
    await machine.run('serve', '--buffer-size', '6000', 'app.ini')
    assert.match(first.out, /^configuration from app\.ini\n/)
    assert.deepEqual(
      machine.listening.map(socket => socket.limits.bufferSize),
      [6000, 5000],
    )
  })

  test('reads UWSGI_ variables before the command line', async () => {
    const machine = new FakeMachine()
    machine.variables = { UWSGI_CACHE2: 'name=e,items=4', UWSGI_BUFFER_SIZE: '5000' }
    await machine.run('serve', ...DEMO, '--buffer-size', '6000')
    assert.deepEqual(
      machine.definitions.map(definition => definition.name),
      ['e', 'demo'],
    )
    assert.equal(machine.listening[0]?.limits.bufferSize, 6000)
  })

  test('prints warnings on standard error', async () => {
    const { err } = await new FakeMachine().run('serve', '--cache2', 'name=a,items=5,lru=0')
    assert.match(err, /^undercroft: warning: command line: cache2: lru=0 switches lru ON/)
  })

  test('with --json prints one line once it is ready', async () => {
    const { out } = await new FakeMachine().run('serve', ...DEMO, '--json')
    const ready = JSON.parse(out)
    assert.equal(ready.instance, '127-0-0-1-3031')
    assert.equal(ready.caches[0].name, 'demo')
    assert.deepEqual(ready.sockets, ['127.0.0.1:3031'])
  })

  test('serves statistics where --stats says, with where the caches are, and says so', async () => {
    const machine = new FakeMachine()
    const stats = ['--stats', '127.0.0.1:9191', '--stats-minified', '-C', '660'] as const
    const { out } = await machine.run('serve', ...DEMO, '-s', '/run/u.sock', ...stats)
    assert.match(out, /\n\*\*\* Stats server enabled on 127\.0\.0\.1:9191 \*\*\*\n/)
    const [listening] = machine.statsListening
    assert.deepEqual(listening, {
      address: { kind: 'tcp', host: '127.0.0.1', port: 9191 },
      label: 'command line: stats',
      protocol: 'http',
      allowPublic: false,
      access: { readOnly: false, allow: undefined, secretFile: undefined },
      format: { isHttp: false, isMinified: true },
      caches: machine.served,
      sockets: [{ address: '/run/u.sock', protocol: 'uwsgi' }],
      version: '9.8.7',
      mode: 0o660,
      isClosed: true,
    })
  })

  test('takes a port alone for statistics as loopback, and says so', async () => {
    const machine = new FakeMachine()
    const { out, err } = await machine.run('serve', ...DEMO, '--stats', ':9191', '--json')
    assert.equal(JSON.parse(out).stats, '127.0.0.1:9191')
    assert.match(err, /warning: .*stats listens on 127\.0\.0\.1:9191 only; write 0\.0\.0\.0:9191/)
  })

  test('names the port and the option when a port is in use, and closes its caches', async () => {
    const machine = new FakeMachine()
    const inUse = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' })
    machine.failure = new Error('cannot listen', { cause: inUse })
    const { code, err } = await machine.run('serve', ...DEMO, '--socket', '127.0.0.1:4040')
    assert.equal(code, 3)
    assert.match(err, /socket 127\.0\.0\.1:4040: port 4040 is in use by another program/)
    assert.ok(machine.served.every(cache => cache.isClosed))
  })

  test('starts a master where workers, an application, HTTP or a user are asked for', async () => {
    const machine = new FakeMachine()
    for (const args of [
      ['--master', ...DEMO],
      ['-p', '2', ...DEMO],
      ['--module', 'app.js:named'],
      ['--http', '127.0.0.1:8080', '--callable', 'unused'],
      ['--uid', 'app', ...DEMO],
    ]) {
      const { code, out, err } = await machine.run('serve', ...args)
      assert.deepEqual([code, err], [0, ''])
      assert.match(out, /\nall \d workers are ready\nstopped by SIGTERM\n$/)
    }
    assert.deepEqual(machine.served, [])
    const planned = machine.masterPlans.map(plan => plan.workers)
    assert.deepEqual(
      planned.map(workers => [workers.processes, workers.app, workers.user]),
      [
        [1, undefined, undefined],
        [2, undefined, undefined],
        [1, { module: 'app.js', callable: 'named', ...UNMOUNTED }, undefined],
        [1, undefined, undefined],
        [1, undefined, 'app'],
      ],
    )
  })

  test('listens at 3031 only where no other address is given', async () => {
    const machine = new FakeMachine()
    await machine.run('serve', '--module', 'app.js')
    const { err } = await machine.run('serve', '--http', ':8080', '--http-socket', '/run/h.sock')
    assert.deepEqual(
      machine.masterPlans.map(plan =>
        plan.sockets.map(({ protocol, address }) => [protocol, formatAddress(address)]),
      ),
      [
        [['uwsgi', '127.0.0.1:3031']],
        [
          ['http', '127.0.0.1:8080'],
          ['http', '/run/h.sock'],
        ],
      ],
    )
    assert.match(err, /http listens on 127\.0\.0\.1:8080 only; write 0\.0\.0\.0:8080/)
  })

  test('warns of an http-cache that stores nothing new once it is full', async () => {
    const machine = new FakeMachine()
    const serve = async (cache2: string) => {
      const args = ['--module', 'app.js', '--cache2', cache2, '--http-cache', 'pages']
      return (await machine.run('serve', ...args)).err
    }
    assert.match(await serve('name=pages,items=9'), /cache "pages" evicts nothing.*purge_lru=1/)
    assert.equal(await serve('name=pages,items=9,purge_lru=1'), '')
    assert.equal(await serve('name=pages,items=9,clear_on_full=1'), '')
  })

  const refusals: [string, string[], RegExp][] = [
    ['without a cache', [], /no cache is defined; add --cache2/],
    ['with an option out of scope', ['--emperor', '/v', ...DEMO], /emperor is not supported\. Run/],
    [
      'with a Python program',
      ['--wsgi-file', 'manage.py'],
      /module must be a JavaScript or .*Python programs run/,
    ],
    ['with a variable that has no name', [...DEMO, '--env', '=1'], /env must be NAME=VALUE/],
    ['with no worker', [...DEMO, '--workers', '0'], /workers must be .* from 1 to 1024/],
    ['with a word that is no INI file', [...DEMO, 'app.js'], /"app\.js" is not a configuration/],
    ['with an XML file', ['app.xml'], /xml is not supported\. Write the options in one INI/],
    ['with a file that is not there', ['no.ini'], /cannot read the file no\.ini/],
    ['with a mode that is none', [...DEMO, '-C', '999'], /three octal digits .*got "999"/],
    ['with an unknown option', ['--caches2', 'x'], /did you mean "--cache2"\?/],
  ]
  for (const [what, argv, message] of refusals) {
    test(`is refused with exit code 2 ${what}, before anything is opened`, async () => {
      const machine = new FakeMachine()
      const { code, err } = await machine.run('serve', ...argv)
      assert.equal(code, 2)
      assert.match(err, message)
      assert.deepEqual([machine.served, machine.listening], [[], []])
    })
  }
})
