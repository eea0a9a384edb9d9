/**
 * The Python package with this project's server.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requirePeer } from '../../testing/peers/peers.ts'
import { runPythonTests } from './python-runner.ts'
import { startPythonServer } from './python-server.ts'

const MODULES = [
  'test_protocol',
  'test_client',
  'test_endings',
  'test_login',
  'test_sharing',
  'test_shared_memory',
  'test_uwsgi_module',
  'test_django',
  'test_django_more',
  'test_django_signing',
  'test_django_down',
  'test_django_site',
  'test_flask',
] as const

for (const module of MODULES) {
  test(`python/tests/${module}.py`, async t => {
    const command = requirePeer(t, module === 'test_flask' ? 'flask' : 'django')
    if (command === undefined) return
    const server = await startPythonServer(t)
    await runPythonTests(t, {
      command,
      modules: [module],
      env: {
        TEST_TCP: server.address,
        TEST_UNIX: server.socketPath,
        TEST_SECRET_TCP: server.secretAddress,
        TEST_SECRET: server.secret,
        TEST_ORDERS: '1',
      },
      onOrder: server.obey,
    })
    for (const cache of server.caches) assert.deepEqual(cache.verify().problems, [])
  })
}
