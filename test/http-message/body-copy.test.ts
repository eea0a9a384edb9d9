import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BodyCopy, type BodyReceiver, CopyBudget } from '../../src/http-message/index.ts'

describe('copies of bodies share one budget', () => {
  test('that refuses what exceeds it, and gets all bytes back', async () => {
    const budget = new CopyBudget(10)
    const [first, second, third] = [new Notes(), new Notes(), new Notes()]
    const long = new BodyCopy(first, budget)
    long.add('12345678')
    const late = new BodyCopy(second, budget)
    late.add('12')
    late.add('3')
    assert.deepEqual(second.calls, ['gave up: too-large'])
    await long.finish()
    assert.deepEqual(first.calls, ['12345678'])
    const next = new BodyCopy(third, budget)
    next.add('1234567890')
    await next.finish()
    assert.deepEqual(third.calls, ['1234567890'])
  })

  test('and a failed copy returns its bytes as well', async () => {
    const budget = new CopyBudget(10)
    const [first, second] = [new Notes(), new Notes()]
    const cut = new BodyCopy(first, budget)
    cut.add('1234567890')
    await cut.fail()
    await cut.finish()
    const next = new BodyCopy(second, budget)
    next.add('1234567890')
    await next.finish()
    assert.deepEqual([...first.calls, ...second.calls], ['failed', '1234567890'])
  })
})

class Notes implements BodyReceiver {
  readonly maxBodySize = 100
  readonly calls: string[] = []

  async finish(body: Buffer): Promise<void> {
    this.calls.push(body.toString())
  }

  giveUp(detail: string): void {
    this.calls.push(`gave up: ${detail}`)
  }

  async fail(): Promise<void> {
    this.calls.push('failed')
  }
}
