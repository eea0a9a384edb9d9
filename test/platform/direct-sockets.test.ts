import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { type DirectListener, listenDirectly } from '../../src/platform/index.ts'
import { directObstacle } from '../../testing/accept-ways.ts'
import { until, within } from '../../testing/deadline.ts'
import { onEnd } from '../../testing/scope.ts'

interface Subject {
  readonly listener: DirectListener
  connect(): Promise<Socket>
}

/** A listener that has taken over from node:net. Undefined: there is none here, as must be. */
async function listen(t: TestContext): Promise<Subject | undefined> {
  const path = `\0undercroft-${randomUUID()}` // has no file that closing the server would remove
  const server = createServer().listen(path)
  await once(server, 'listening')
  const { _handle: handle }: { _handle?: { readonly fd: number } } = Object(server)
  const listener = listenDirectly(handle?.fd ?? -1, true)
  server.close()
  const obstacle = directObstacle()
  assert.equal(listener === undefined, obstacle !== undefined, obstacle)
  if (listener === undefined) return undefined
  onEnd(t, () => listener.close())
  return {
    listener,
    async connect() {
      const client = connect(path)
      onEnd(t, () => client.destroy())
      await once(client, 'connect')
      return client
    },
  }
}

function accept(listener: DirectListener): number {
  const accepted = listener.accept()
  assert.ok(typeof accepted === 'number', String(accepted))
  return accepted
}

describe('a socket that is accepted directly', () => {
  test('gives what came, tells its end from nothing yet, and takes an answer', async t => {
    const subject = await listen(t)
    if (subject === undefined) return
    const { listener } = subject
    assert.equal(listener.accept(), 'none')
    const client = await subject.connect()
    const connection = accept(listener)
    const bytes = Buffer.alloc(100)
    assert.equal(listener.receive(connection, bytes), undefined)
    client.end('question')
    await until('it has come', () => listener.receive(connection, bytes) === 8)
    assert.equal(bytes.toString('latin1', 0, 8), 'question')
    await until('the end has come', () => listener.receive(connection, bytes) === 0)
    assert.equal(listener.send(connection, Buffer.from('answer')), 6)
    listener.closeConnection(connection)
    assert.equal(String((await once(client, 'data'))[0]), 'answer')
  })

  test('is told of when it has something to read, once', async t => {
    const subject = await listen(t)
    if (subject === undefined) return
    const { listener } = subject
    const [talker, silent] = [await subject.connect(), await subject.connect()]
    const connections = [accept(listener), accept(listener)]
    for (const connection of connections) listener.watch(connection)
    assert.deepEqual(listener.takeReadable(), [])
    talker.write('a')
    await until('it is told', () => listener.takeReadable()[0] === connections[0])
    talker.write('b')
    silent.destroy()
    await until('the other is gone', () => listener.takeReadable()[0] === connections[1])
    assert.equal(listener.receive(connections[1] ?? -1, Buffer.alloc(1)), 0)
    for (const connection of connections) listener.closeConnection(connection)
  })

  test('takes what it can hold for a peer that does not read, nothing for one gone', async t => {
    const subject = await listen(t)
    if (subject === undefined) return
    const { listener } = subject
    const client = await subject.connect()
    client.pause()
    const connection = accept(listener)
    const bytes = Buffer.alloc(1_000_000)
    let size = 0
    for (let taken = 1; taken > 0; size += taken) taken = listener.send(connection, bytes)
    assert.ok(size > 0 && size < 10_000_000, String(size))
    client.destroy()
    await once(client, 'close')
    assert.equal(listener.send(connection, bytes), 0)
    listener.closeConnection(connection)
  })
})

describe('a listener that accepts directly', () => {
  test('tells that somebody waits until he is accepted, and nothing after its end', async t => {
    const subject = await listen(t)
    if (subject === undefined) return
    const { listener } = subject
    let calls = 0
    const third = new Promise<void>(resolve => {
      listener.start(() => {
        if (++calls === 3) resolve()
      })
    })
    await subject.connect()
    await within('three calls', third)
    listener.stop()
    const count = calls
    await subject.connect()
    assert.equal(calls, count)
    listener.closeConnection(accept(listener))
    listener.close()
    assert.equal(listener.accept(), 'none')
    await assert.rejects(subject.connect())
  })

  test('is not to be had when node:net is asked for', async t => {
    const given = process.env.UNDERCROFT_ACCEPT
    process.env.UNDERCROFT_ACCEPT = 'node:net'
    onEnd(t, () => {
      if (given === undefined) delete process.env.UNDERCROFT_ACCEPT
      else process.env.UNDERCROFT_ACCEPT = given
    })
    assert.equal(listenDirectly(0, true), undefined)
  })
})
