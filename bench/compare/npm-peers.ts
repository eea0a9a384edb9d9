/**
 * Packages to compare with. They lie beside the benchmarks, never with the package itself, and come
 * only by `npm run bench:peers` (install-peers.ts).
 */

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { ROOT } from '../../testing/root.ts'

export const NPM_PEERS = join(ROOT, 'bench/peers')
/** npm writes it last, so it also tells that an installation was not cut short. */
const INSTALLED = join(NPM_PEERS, 'node_modules/.package-lock.json')

/** Why they cannot be used; undefined: they are there. */
export function missingNpmPeers(): string | undefined {
  return existsSync(INSTALLED) ? undefined : 'not installed (npm run bench:peers)'
}

/** A module of such a package; its shape is what the candidate says it uses of it. */
export function requirePeer<Module>(name: string): Module {
  return createRequire(join(NPM_PEERS, 'package.json'))(name) as Module
}

/** The version of such a package, for the report. */
export function versionOfPeer(name: string): string {
  return requirePeer<{ readonly version: string }>(`./node_modules/${name}/package.json`).version
}
