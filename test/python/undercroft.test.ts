/**
 * The Python package at our server.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requirePeer } from '../peers/peers.ts'
import { runPythonTests } from './python-runner.ts'
import { startPythonServer } from './python-server.ts'

const MODULES = ['test_protocol', 'test_client', 'test_endings', 'test_sharing', 'test_django']

for (const module of MODULES) {
  test(`python/tests/${module}.py`, async t => {
    const command = requirePeer(t, 'django')
    if (command === undefined) return
    const server = await startPythonServer(t)
    await runPythonTests(t, {
      command,
      modules: [module],
      env: {
        UNDERCROFT_TCP: server.address,
        UNDERCROFT_UNIX: server.socketPath,
        UNDERCROFT_ORDERS: '1',
      },
      onOrder: server.obey,
    })
    for (const cache of server.caches) assert.deepEqual(cache.verify().problems, [])
  })
}
