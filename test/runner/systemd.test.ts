/**
 * What systemd and an instance say to each other, without systemd as the first process.
 */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { until } from '../../testing/deadline.ts'
import { requirePeer } from '../../testing/peers/peers.ts'
import { APP, get, MAIN, startRunner, startServe } from '../../testing/runner-process.ts'
import { startService } from '../../testing/service.ts'
import { memoryDir, tempDir } from '../../testing/temp-dir.ts'

/** Prints each datagram on a line of its own; Node.js cannot receive them. */
const RECEIVER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True: print(s.recv(4096).decode().replace('\\n', ' '), flush=True)
`

describe('Type=notify', () => {
  test('is told when everything serves, when a reload begins and ends, and of the end', async t => {
    const python = requirePeer(t, 'python')
    if (python === undefined) return
    const path = join(tempDir(t), 'notify')
    const receiver = await startService(t, python, ['-c', RECEIVER, path])
    await receiver.waitFor('to be bound', output => (output.includes('bound') ? true : undefined))
    const heard = (pattern: RegExp) =>
      receiver.waitFor(String(pattern), output => pattern.exec(output) ?? undefined)
    const runner = await startRunner(t, [], { env: { NOTIFY_SOCKET: path } })
    await heard(/^READY=1$/m)
    assert.equal((await runner.get('/env?name=NOTIFY_SOCKET')).body, 'not set')
    runner.signal('SIGHUP')
    await heard(/^RELOADING=1 MONOTONIC_USEC=\d+\nREADY=1$/m)
    runner.signal('SIGTERM')
    await heard(/^STOPPING=1$/m)
  })

  test('costs nothing when no process receives: the instance serves', async t => {
    const path = join(tempDir(t), 'nowhere')
    const runner = await startRunner(t, [], { env: { NOTIFY_SOCKET: path } })
    assert.equal((await runner.get('/worker')).status, 200)
    await until('a line', () => /cannot notify .*nowhere/.test(runner.service.output()))
  })
})

describe('socket activation', () => {
  test('takes the sockets that options name, and closes the others', async t => {
    const command = requirePeer(t, 'systemd')
    if (command === undefined) return
    const directory = tempDir(t)
    const [named, other] = [join(directory, 'named'), join(directory, 'other')]
    const program = [process.execPath, MAIN, 'serve', '--module', APP, '--http', named]
    const args = ['-l', named, '-l', other, ...program, '--directory', memoryDir(t)]
    const service = await startService(t, command, args)
    // systemd-socket-activate starts the program with the first connection.
    await until('the socket', () => existsSync(named))
    const { body } = await get({ socketPath: named, path: '/worker' })
    assert.equal(body, 'true 1')
    const line = `no socket option names ${other}, which systemd opened: closed`
    await service.waitFor('its line', output => (output.includes(line) ? true : undefined))
    await service.stop()
    assert.ok(existsSync(named), 'the file belongs to systemd')
  })

  test('is only for the process that it names', async t => {
    const runner = await startServe(t, ['--http', '127.0.0.1:0'], {
      env: { LISTEN_PID: '1', LISTEN_FDS: '5' },
    })
    assert.ok(runner.port > 0)
  })
})
