/**
 * Who is compared, in which order, and who is missing here and why.
 */

import { findPeer } from '../test/peers/peers.ts'
import { startRedis } from '../test/peers/redis.ts'
import type { Scope } from '../test/support/scope.ts'
import { installNpmPeers } from './npm-peers.ts'
import { type Party, type PartyOptions, startNodeParty } from './party.ts'
import { startUwsgiParty, type UwsgiName } from './uwsgi-party.ts'

export const CANDIDATES = [
  'undercroft',
  'uwsgi',
  'uwsgi-tight',
  'map',
  'lru-cache',
  'lmdb',
  'redis',
] as const

export type CandidateName = (typeof CANDIDATES)[number]

export type FoundCandidate =
  | {
      readonly name: CandidateName
      readonly start: (scope: Scope, options: PartyOptions) => Promise<Party>
      readonly missing?: undefined
    }
  | { readonly name: CandidateName; readonly start?: undefined; readonly missing: string }

/** Caches whose processes share nothing. What two of them reach together is the machine's limit. */
export const PRIVATE_CANDIDATES: readonly CandidateName[] = ['map', 'lru-cache']

/** Looks for what a candidate needs, and installs it where that is possible, saying so. */
export function findCandidate(name: CandidateName): FoundCandidate {
  if (name === 'uwsgi' || name === 'uwsgi-tight') return findUwsgi(name)
  if (name === 'redis') return findRedis()
  const isOurs = name === 'map' || name === 'undercroft'
  const missing = isOurs ? undefined : installNpmPeers()
  if (missing !== undefined) return { name, missing }
  const isPrivate = PRIVATE_CANDIDATES.includes(name)
  return { name, start: (scope, options) => startNodeParty(scope, name, isPrivate, options) }
}

function findUwsgi(name: UwsgiName): FoundCandidate {
  const { command, missing } = findPeer('uwsgi')
  if (missing !== undefined) return { name, missing }
  return { name, start: (scope, options) => startUwsgiParty(scope, name, command, options) }
}

function findRedis(): FoundCandidate {
  const { command, missing } = findPeer('redis')
  if (missing !== undefined) return { name: 'redis', missing }
  const missingClient = installNpmPeers()
  if (missingClient !== undefined) return { name: 'redis', missing: missingClient }
  return {
    name: 'redis',
    start: async (scope, { site, keyCount }) => {
      const { socketPath } = await startRedis(scope, command)
      const options = { site: { ...site, socketPath }, keyCount }
      return startNodeParty(scope, 'redis', false, options)
    },
  }
}
