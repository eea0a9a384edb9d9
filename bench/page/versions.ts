/**
 * The versions of the measured programs and packages, as they report them.
 */

import { spawnSync } from 'node:child_process'
import { missingNpmPeers, versionOfPeer } from '../compare/npm-peers.ts'

/** The command that prints each version, and the pattern that finds it in the output. */
const PROGRAMS: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['uWSGI', ['uwsgi_python3', '--version'], /^(\S+)/],
  ['Python', ['uwsgi_python3', '--python-version'], /^(\S+)/],
  ['nginx', ['/usr/sbin/nginx', '-v'], /nginx\/(\S+)/],
  ['lua-nginx-module', debian('libnginx-mod-http-lua'), /(\S+)/],
  ['LuaJIT', debian('libluajit2-5.1-2'), /(\S+)/],
  ['PHP', ['php', '-r', 'echo PHP_VERSION;'], /(\S+)/],
  ['APCu', ['php', '-r', 'echo phpversion("apcu");'], /(\S+)/],
  ['Redis', ['redis-server', '--version'], /v=(\S+)/],
]

const PACKAGES = ['lmdb', 'lru-cache', 'redis']

/** @returns the versions of all installed programs and packages */
export function findVersions(): (readonly [string, string])[] {
  const programs = PROGRAMS.flatMap(([name, [command = '', ...args], pattern]) => {
    const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
    const version = pattern.exec(`${stdout ?? ''}${stderr ?? ''}`)?.[1]
    return version === undefined ? [] : [[name, version] as const]
  })
  if (missingNpmPeers() !== undefined) return programs
  const packages = PACKAGES.map(name => [`${name} (npm)`, versionOfPeer(name)] as const)
  return [...programs, ...packages]
}

function debian(name: string): string[] {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholder
  return ['dpkg-query', '-W', '-f', '${Version}', name]
}
