/**
 * How the connections of an instance are shared between its workers.
 */

import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { EvenAcceptor } from '../../../src/runner/sockets/even-acceptor.ts'
import { ScoreboardEntry } from '../../../src/runner/workers/scoreboard.ts'
import { directObstacle } from '../../../testing/accept-ways.ts'
import { get, startRunner } from '../../../testing/runner-process.ts'
import { onEnd, type Scope } from '../../../testing/scope.ts'
import { tempDir } from '../../../testing/temp-dir.ts'

const skip = directObstacle() ?? false

describe('32 kept connections are shared evenly between 4 workers', { skip }, () => {
  test('over TCP', async t => {
    const { port } = await startRunner(t, ['--processes', '4'])
    assertEven(await countConnections(t, { port }))
  })

  // Older ones refuse the option: see daemon.test.ts.
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 12)) {
    test('with reuse-port', async t => {
      const { port } = await startRunner(t, ['--processes', '4', '--reuse-port'])
      assertEven(await countConnections(t, { port }))
    })
  }

  test('over a Unix socket', async t => {
    const socketPath = join(tempDir(t), 'web.sock')
    await startRunner(t, ['--processes', '4', '--http-socket', socketPath])
    assertEven(await countConnections(t, { socketPath }))
  })
})

describe('a worker', () => {
  test('takes connections until it is 3 ahead, then leaves them to others for 25 ms', t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const listener = new FakeListener()
    let taken = 0
    const acceptor = new EvenAcceptor(
      listener,
      () => taken,
      () => taken++,
    )
    onEnd(t, () => acceptor.close())
    listener.waiting = 10
    listener.report()
    assert.deepEqual([taken, listener.isStarted], [3, false])
    t.mock.timers.tick(24)
    assert.equal(taken, 3)
    listener.waiting = 0
    t.mock.timers.tick(1)
    assert.deepEqual([taken, listener.isStarted], [3, true], 'others took the rest')
  })

  test('takes 4 of those that no other worker took, and waits again', t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const listener = new FakeListener()
    let taken = 0
    const acceptor = new EvenAcceptor(
      listener,
      () => 3 + taken,
      () => taken++,
    )
    onEnd(t, () => acceptor.close())
    listener.waiting = 10
    listener.report()
    t.mock.timers.tick(25)
    assert.deepEqual([taken, listener.isStarted], [4, true])
    listener.report()
    assert.deepEqual([taken, listener.isStarted], [4, false])
  })

  test('compares itself with those that accept, and not with others', () => {
    const numbers = new Float64Array(1024)
    const [first, second, third] = [0, 1, 2].map(index => new ScoreboardEntry(numbers, index))
    assert.ok(first !== undefined && second !== undefined && third !== undefined)
    first.write('connections', 7)
    first.write('isAccepting', 1)
    assert.equal(first.connectionLead(), 0)
    second.write('connections', 5)
    second.write('isAccepting', 1)
    third.write('connections', 1)
    assert.deepEqual([first.connectionLead(), second.connectionLead()], [2, 0])
    second.write('connections', Number.NaN)
    assert.equal(first.connectionLead(), 7, 'nonsense counts as none')
  })
})

/** Connections that wait, without a system. */
class FakeListener {
  waiting = 0
  isStarted = false
  #onReadable = () => {}

  start(onReadable: () => void): void {
    this.isStarted = true
    this.#onReadable = onReadable
  }

  report(): void {
    this.#onReadable()
  }

  stop(): void {
    this.isStarted = false
  }

  accept(): number | 'none' {
    return this.waiting > 0 ? this.waiting-- : 'none'
  }

  close(): void {
    this.stop()
  }
}

function assertEven(counts: readonly number[]): void {
  const isEven = counts.length === 4 && counts.every(count => count >= 6 && count <= 10)
  assert.ok(isEven, `connections of the workers: ${counts.join(', ')}`)
}

/** Opens connections and keeps them; returns how many of them each worker has. */
async function countConnections(
  scope: Scope,
  target: { readonly port: number } | { readonly socketPath: string },
): Promise<number[]> {
  const agents = Array.from({ length: 32 }, () => new Agent({ keepAlive: true, maxSockets: 1 }))
  onEnd(scope, () => {
    for (const agent of agents) agent.destroy()
  })
  const counts = new Map<string, number>()
  for (const agent of agents) {
    const { body } = await get({ ...target, path: '/pid?ms=0', agent })
    counts.set(body, (counts.get(body) ?? 0) + 1)
  }
  return [...counts.values()]
}
