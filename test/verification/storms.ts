/**
 * What a storm promises, for any number of kills and modes.
 */

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { findPeer } from '../../testing/peers/peers.ts'
import { seededRandom } from '../../testing/random.ts'
import { runStorms } from '../../verification/storm/all-modes.ts'
import { waitLimitMs } from '../../verification/storm/logged-calls.ts'
import { MODES, type Mode } from '../../verification/storm/modes.ts'

/** The limit for a hang. Three hundred kills take two minutes, or more on a loaded machine. */
const LIMIT_SECONDS = 600

export async function assertNoHarm(
  t: TestContext,
  kills: number,
  modes: readonly Mode[] = MODES,
): Promise<void> {
  const { seed } = seededRandom(t)
  const { command: python, missing } = findPeer('python')
  if (missing !== undefined) t.diagnostic(`no readers in Python: ${missing}`)
  assert.ok(python !== undefined || process.env.CI !== 'true', missing)
  const storm = { kills, seconds: LIMIT_SECONDS, seed: seed % 2 ** 31 }
  const options = { ...storm, modes, python }
  const { total, steps, evidence } = await runStorms(options, line => t.diagnostic(line))
  assert.deepEqual(total.faults, [], `kept in ${evidence.join(', ')}`)
  assert.equal(total.kills, kills)
  assert.ok(total.killsAtSteps >= kills / 5, `${total.killsAtSteps} at named steps`)
  assert.ok(python === undefined || total.pythonReads > kills)
  assert.ok(total.takeovers > 0 && total.operations > kills)
  assert.ok(total.longestWaitMs <= waitLimitMs(total.schedulerLatencyMs))
  t.diagnostic(`${steps.killed} of ${steps.known} named steps were died at`)
}
