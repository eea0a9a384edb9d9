/**
 * Real uWSGI as a candidate: two mules, which are processes of their own that share its cache.
 */

import { join } from 'node:path'
import { ROOT } from '../../testing/harness/find-tests.ts'
import type { Scope } from '../../testing/scope.ts'
import { startLineParty } from './line-party.ts'
import type { Party, PartyOptions } from './party.ts'

const SCRIPT = join(ROOT, 'bench/compare/uwsgi.py')

/**
 * `uwsgi` is what its documentation gives a user, with the eviction that our cache has by default.
 * `uwsgi-tight` is the fastest it can be made for this workload: tables as small as the keys and
 * values allow, and no order of use to keep.
 */
const OPTIONS = { uwsgi: 'purge_lru=1', 'uwsgi-tight': 'blocksize=256,keysize=64' } as const

export type UwsgiName = keyof typeof OPTIONS

export function startUwsgiParty(
  scope: Scope,
  name: UwsgiName,
  command: string,
  options: PartyOptions,
): Promise<Party> {
  const { socketPath, itemCount } = options.site
  const items = itemCount + 1 // its first place is never used
  const cache = `name=bench,items=${items},${OPTIONS[name]}`
  const args = ['--master', '--die-on-term', '--socket', socketPath, '--cache2', cache]
  const mules = [`--mule=${SCRIPT}`, `--mule=${SCRIPT}`]
  return startLineParty(scope, { name, command, args: [...args, ...mules] }, options)
}
