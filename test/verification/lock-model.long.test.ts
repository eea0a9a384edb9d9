import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkModel } from '../../verification/spin.ts'
import { requirePeer } from '../peers/peers.ts'
import { tempDir } from '../support/temp-dir.ts'

const SMALL = { WRITERS: 2, READERS: 2, CRASHES: 1 }

describe('the model of lock, read and takeover', () => {
  test('holds in every interleaving of two writers, two readers and a crash anywhere', async t => {
    const spin = requirePeer(t, 'spin')
    if (spin === undefined) return
    const { states, errors, error } = await checkModel('lock', SMALL, tempDir(t), spin)
    assert.equal(errors, 0, error)
    assert.ok(states > 1_000_000)
    t.diagnostic(`${states} states`)
  })
})
