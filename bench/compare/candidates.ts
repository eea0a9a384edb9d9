/**
 * The compared caches in their order, and the reason why one is missing on this machine.
 */

import { locatePeer, type PeerName } from '../../testing/peers/peers.ts'
import { startRedis } from '../../testing/peers/redis.ts'
import type { Scope } from '../../testing/scope.ts'
import { startApcuWorkers } from './apcu-workers.ts'
import { missingNpmPeers } from './npm-peers.ts'
import { startOpenrestyWorkers } from './openresty-workers.ts'
import { startUwsgiWorkers } from './uwsgi-workers.ts'
import { startNodeWorkers, type WorkerOptions, type WorkerPair } from './worker-processes.ts'

export const CANDIDATES = [
  'undercroft',
  'undercroft-shared',
  'uwsgi',
  'uwsgi-tight',
  'openresty',
  'apcu',
  'map',
  'lru-cache',
  'lmdb',
  'redis',
] as const

export type CandidateName = (typeof CANDIDATES)[number]

type Start = (scope: Scope, options: WorkerOptions) => Promise<WorkerPair>

export type FoundCandidate =
  | { readonly start: Start; readonly missing?: undefined }
  | { readonly start?: undefined; readonly missing: string }

/** Candidates whose server does part of the work, which the caller's processor time lacks. */
export const SERVED_CANDIDATES: readonly CandidateName[] = ['redis']

/** Candidates that need no other package or program. */
const BUILT_IN: readonly CandidateName[] = ['undercroft', 'undercroft-shared', 'map']

/** Caches whose processes share nothing. Two of them together reach the limit of the machine. */
const PRIVATE_CANDIDATES: readonly CandidateName[] = ['map', 'lru-cache']

/** Finds what a candidate needs. It installs nothing; install-peers.ts does. */
export function findCandidate(name: CandidateName): FoundCandidate {
  switch (name) {
    case 'uwsgi':
    case 'uwsgi-tight':
      return findProgram(
        'uwsgi',
        command => (scope, options) => startUwsgiWorkers(scope, name, command, options),
      )
    case 'openresty':
      return findProgram(
        name,
        command => (scope, options) => startOpenrestyWorkers(scope, command, options),
      )
    case 'apcu':
      return findProgram(
        name,
        command => (scope, options) => startApcuWorkers(scope, command, options),
      )
    case 'redis':
      return findRedis()
    default:
      return findModule(name)
  }
}

function findProgram(peer: PeerName, startWith: (command: string) => Start): FoundCandidate {
  const { command, missing } = locatePeer(peer)
  return command === undefined ? { missing } : { start: startWith(command) }
}

function findModule(name: CandidateName): FoundCandidate {
  const missing = BUILT_IN.includes(name) ? undefined : missingNpmPeers()
  if (missing !== undefined) return { missing }
  const isPrivate = PRIVATE_CANDIDATES.includes(name)
  return { start: (scope, options) => startNodeWorkers(scope, name, isPrivate, options) }
}

function findRedis(): FoundCandidate {
  const missing = missingNpmPeers()
  if (missing !== undefined) return { missing }
  return findProgram('redis', command => async (scope, { location, keyCount }) => {
    const { socketPath } = await startRedis(scope, command)
    return startNodeWorkers(scope, 'redis', false, {
      location: { ...location, socketPath },
      keyCount,
    })
  })
}
