import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { requirePeer } from '../../testing/peers/peers.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import { checkModel } from '../../verification/model/spin.ts'

const SMALL = { WRITERS: 2, READERS: 2, CRASHES: 1 }

describe('the model of lock, read and takeover', () => {
  test('holds in every interleaving of two writers, two readers and a crash anywhere', async t => {
    const spin = requirePeer(t, 'spin')
    if (spin === undefined) return
    const { states, errors, error } = await checkModel({
      model: 'lock',
      constants: SMALL,
      search: 'small',
      directory: tempDir(t),
      spin,
    })
    assert.equal(errors, 0, error)
    assert.ok(states > 1_000_000)
    t.diagnostic(`${states} states`)
  })
})
