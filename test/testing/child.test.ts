import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { Child } from '../../testing/child.ts'
import { until, within } from '../../testing/deadline.ts'
import { onEnd, programScope } from '../../testing/scope.ts'
import { memoryDir, tempDir } from '../../testing/temp-dir.ts'
import type { Request } from './echo-child.ts'

function startEcho(t: Pick<TestContext, 'after'>): Promise<Child<Request, Uint8Array>> {
  return Child.start(t, new URL('./echo-child.js', import.meta.url))
}

describe('a second process in a test', () => {
  test('answers each message in the order sent, bytes as bytes', async t => {
    const child = await startEcho(t)
    for (const byte of [1, 2, 3]) child.send({ kind: 'echo', bytes: Uint8Array.of(byte) })
    for (const byte of [1, 2, 3]) assert.deepEqual(await child.next(), Uint8Array.of(byte))
  })

  test('that dies is told of at once, with what it wrote to stderr', async t => {
    const child = await startEcho(t)
    await assert.rejects(
      child.ask({ kind: 'fail', message: 'out of luck' }),
      /code 1.*out of luck/s,
    )
  })

  test('that hangs is told of at the deadline', async t => {
    const child = await startEcho(t)
    await assert.rejects(child.ask({ kind: 'hang' }, 20), /waited \d+ ms in vain/)
  })

  test('can be killed, and the exit names the signal', async t => {
    const child = await startEcho(t)
    assert.deepEqual(await child.kill(), { code: null, signal: 'SIGKILL' })
  })
})

describe('when a scope ends', () => {
  test('its processes are gone and its directories removed, last to first', async () => {
    const scope = programScope()
    const order: string[] = []
    onEnd(scope, () => order.push('first'))
    const dirs = [tempDir(scope), memoryDir(scope)]
    for (const dir of dirs) writeFileSync(join(dir, 'file'), '')
    const child = await startEcho(scope)
    onEnd(scope, () => order.push('last'))
    await scope.end()
    assert.deepEqual(order, ['last', 'first'])
    assert.deepEqual(dirs.filter(existsSync), [])
    assert.throws(() => process.kill(child.pid, 0), { code: 'ESRCH' })
  })

  test('a failure on the way does not keep the rest from being undone', async () => {
    const scope = programScope()
    const dir = tempDir(scope)
    onEnd(scope, () => Promise.reject(new Error('stuck')))
    await assert.rejects(scope.end(), AggregateError)
    assert.equal(existsSync(dir), false)
  })
})

test('waiting gives what came, and otherwise names what did not', async () => {
  assert.equal(await within('a value', Promise.resolve(1)), 1)
  await assert.rejects(within('a sign', new Promise(() => {}), 10), /in vain for a sign/)
  let asked = 0
  assert.equal(await until('the third time', () => ++asked === 3 && 'there'), 'there')
  await assert.rejects(
    until('it is so', () => false, 10),
    /in vain until it is so/,
  )
})

describe('a program with a scope', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`that ${signal} ends has stopped what it started`, async t => {
      const script = new URL('./scoped-child.js', import.meta.url)
      const child = await Child.start<'start', number>(t, script)
      const pid = await child.ask('start')
      assert.deepEqual(await child.kill(signal), { code: null, signal })
      assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
    })
  }
})
