/**
 * The Python package with a real uWSGI, which does not know this project's extension.
 */

import { test } from 'node:test'
import { requirePeer } from '../../testing/peers/peers.ts'
import { startUwsgi } from '../../testing/peers/uwsgi.ts'
import { runPythonTests } from './python-runner.ts'

test('python/tests/test_uwsgi.py', async t => {
  const python = requirePeer(t, 'django')
  const uwsgi = requirePeer(t, 'uwsgi')
  if (python === undefined || uwsgi === undefined) return
  const server = await startUwsgi(t, uwsgi, ['name=main,items=100,blocksize=65536'])
  await runPythonTests(t, {
    command: python,
    modules: ['test_uwsgi'],
    env: { UWSGI_TCP: `127.0.0.1:${server.port}`, UWSGI_UNIX: server.socketPath },
  })
})
