import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { requirePeer } from '../../testing/peers/peers.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import { checkModel } from '../../verification/model/spin.ts'

const SMALL = { WRITERS: 2, READERS: 1, CRASHES: 1 }

/** Faults that can be switched on in lock.pml, with their numbers there. */
const FAULTS = {
  'a read that does not look at the version again': 1,
  'a write over an item without the mark': 2,
  'nobody rebuilding what a dead writer left': 3,
  'a takeover from an owner that is alive': 4,
}

describe('the model of lock, read and takeover', () => {
  for (const [what, FAULT] of Object.entries(FAULTS)) {
    test(`does not hold with ${what}`, async t => {
      const spin = requirePeer(t, 'spin')
      if (spin === undefined) return
      const { errors } = await checkModel({
        model: 'lock',
        constants: { ...SMALL, FAULT },
        search: 'small',
        directory: tempDir(t),
        spin,
      })
      assert.ok(errors > 0)
    })
  }
})
