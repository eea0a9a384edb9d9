/**
 * What the stats server reports about workers.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../testing/deadline.ts'
import { get, type Runner, startRunner } from '../../testing/runner-process.ts'

interface Worker {
  readonly [name: string]: unknown
  readonly id: number
  readonly pid: number
  readonly requests: number
  readonly status: string
  readonly cores: readonly { readonly in_request: number; readonly requests: number }[]
  readonly apps: readonly { readonly requests: number; readonly chdir: string }[]
}

interface Document {
  readonly pid: number
  readonly sockets: readonly { readonly name: string; readonly proto: string }[]
  readonly workers: readonly Worker[]
}

async function read(runner: Runner): Promise<Document> {
  const [, port] = /Stats server enabled on 127\.0\.0\.1:(\d+)/.exec(runner.service.output()) ?? []
  return JSON.parse((await get({ port: Number(port), path: '/' })).body)
}

const sum = (workers: readonly Worker[], name: string) =>
  workers.reduce((total, worker) => total + Number(worker[name]), 0)

test('each worker is told with its process, and with what it has done and is doing', async t => {
  const more = ['--socket', '127.0.0.1:0', '--stats', '127.0.0.1:0', '--harakiri', '2']
  const runner = await startRunner(t, ['--processes', '2', ...more])
  for (let i = 0; i < 10; i++) await runner.get('/pid')
  // An answer can be here before its worker is done with it.
  const first = await until('all are idle', async () => {
    const document = await read(runner)
    return document.workers.every(({ status }) => status === 'idle') && document
  })
  assert.equal(first.pid, runner.service.pid)
  assert.deepEqual(
    first.sockets.map(socket => [socket.proto, socket.name.split(':')[0]]),
    [
      ['uwsgi', '127.0.0.1'],
      ['http', '127.0.0.1'],
    ],
  )
  assert.deepEqual(
    first.workers.map(({ id, pid, status, respawn_count }) => [id, pid, status, respawn_count]),
    runner.workers.map((pid, index) => [index + 1, pid, 'idle', 1]),
  )
  assert.equal(sum(first.workers, 'requests'), 10)
  assert.equal(sum(first.workers, 'delta_requests'), 10)
  assert.ok(sum(first.workers, 'running_time') > 0)
  assert.ok(sum(first.workers, 'tx') > 100)
  assert.equal(first.workers[0]?.apps[0]?.requests, first.workers[0]?.requests)

  const stuck = await runner.begin('/loop')
  const busy = (await read(runner)).workers.find(worker => worker.pid === stuck.pid)
  assert.deepEqual([busy?.status, busy?.cores[0]?.in_request], ['busy', 1])
  await stuck.outcome
  const after = await until('the successor', async () => {
    const { workers } = await read(runner)
    return workers.find(({ id, harakiri_count: count }) => id === busy?.id && count === 1)
  })
  await until('the successor serves', async () => {
    const { workers } = await read(runner)
    return workers.find(({ id, respawn_count: count }) => id === after.id && count === 2)
  })
  const { workers } = await read(runner)
  assert.equal(sum(workers, 'requests'), 11, 'what a dead process did still counts')
})
