/**
 * npm packages to compare with. They are installed in bench/peers, apart from the dependencies of
 * the package, and only by `npm run bench:peers` (install-peers.ts).
 */

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { ROOT } from '../../testing/root.ts'

export const NPM_PEERS = join(ROOT, 'bench/peers')
/** npm writes this file last, so it exists only after a complete installation. */
const INSTALLED = join(NPM_PEERS, 'node_modules/.package-lock.json')

/** @returns why the packages cannot be used; undefined if they are installed */
export function missingNpmPeers(): string | undefined {
  return existsSync(INSTALLED) ? undefined : 'not installed (npm run bench:peers)'
}

/** @returns a module of such a package, with the type that the candidate declares for it */
export function requirePeer<Module>(name: string): Module {
  return createRequire(join(NPM_PEERS, 'package.json'))(name) as Module
}

/** @returns the version of such a package, for the report */
export function versionOfPeer(name: string): string {
  return requirePeer<{ readonly version: string }>(`./node_modules/${name}/package.json`).version
}
