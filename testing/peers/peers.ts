/**
 * Finds the other programs that tests need, or installs them where that is possible.
 *
 * A missing peer fails the test in CI. Elsewhere the test is skipped with the reason.
 */

import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { TestContext } from 'node:test'

interface Peer {
  /** The first command that exists is used. */
  readonly commands: readonly string[]
  /** Debian packages that contain the peer. */
  readonly packages: readonly string[]
  /**
   * Arguments with which a usable command succeeds. If it prints a path, that is the command.
   * @default the command is not tried
   */
  readonly trial?: readonly string[]
  /** Further files that must exist. @default none */
  readonly files?: readonly string[]
}

/** The python3 of a version manager is a script, which takes longer to start than Python itself. */
const PRINT_PYTHON = 'import sys; print(sys.executable)'

const PEERS = {
  uwsgi: { commands: ['uwsgi_python3'], packages: ['uwsgi-core', 'uwsgi-plugin-python3'] },
  nginx: { commands: ['nginx'], packages: ['nginx-light'] },
  varnish: { commands: ['varnishd'], packages: ['varnish'] },
  // On many machines, the first python3 of the PATH is not the one that Debian's packages extend.
  django: {
    commands: ['python3'],
    packages: ['python3', 'python3-django'],
    trial: ['-c', `import django; ${PRINT_PYTHON}`],
  },
  systemd: { commands: ['systemd-socket-activate'], packages: ['systemd'] },
  flask: {
    commands: ['python3'],
    packages: ['python3', 'python3-flask-caching'],
    trial: ['-c', `import flask_caching; ${PRINT_PYTHON}`],
  },
  pythonServers: {
    commands: ['python3'],
    packages: ['python3', 'gunicorn', 'python3-uvicorn'],
    trial: ['-c', `import gunicorn, uvicorn; ${PRINT_PYTHON}`],
  },
  pythonBuild: {
    commands: ['python3'],
    packages: ['python3', 'python3-build', 'python3-setuptools', 'python3-wheel'],
    trial: ['-c', `import build, setuptools, wheel; ${PRINT_PYTHON}`],
  },
  mypy: { commands: ['mypy'], packages: ['mypy'] },
  // Reads shared memory on Linux on x86-64 only; see python/src/undercroft/segment.py.
  python: {
    commands: ['python3'],
    packages: ['python3'],
    trial: [
      '-c',
      `${PRINT_PYTHON}; import platform; ` +
        'sys.exit(sys.version_info < (3, 9) or platform.machine() != "x86_64")',
    ],
  },
  spin: { commands: ['spin'], packages: ['spin', 'gcc'] },
  curl: { commands: ['curl'], packages: ['curl'] },
  chromium: { commands: ['chromium'], packages: ['chromium'] },
  wrk: { commands: ['wrk'], packages: ['wrk'] },
  redis: { commands: ['redis-server'], packages: ['redis-server'] },
  openresty: {
    commands: ['nginx'],
    packages: ['nginx-light', 'libnginx-mod-http-lua', 'lua-cjson'],
    files: ['/usr/lib/nginx/modules/ngx_http_lua_module.so'],
  },
  apcu: {
    commands: ['php'],
    packages: ['php-cli', 'php-apcu'],
    trial: ['-r', "exit(extension_loaded('apcu') && extension_loaded('pcntl') ? 0 : 1);"],
  },
} as const satisfies Record<string, Peer>

export type PeerName = keyof typeof PEERS

/** A command that can be started, or the reason why there is none. */
export type FoundPeer =
  | { readonly command: string; readonly missing?: undefined }
  | { readonly command?: undefined; readonly missing: string }

/** Folders of servers, which many a PATH lacks. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** Another process may be installing packages at the same time. */
const APT_LOCK_SECONDS = 120

/** Finds the command or installs it. A process tries to install each peer only once. */
export function findPeer(name: PeerName): FoundPeer {
  const { command = canInstall() ? install(PEERS[name]) : undefined, missing } = locatePeer(name)
  return command === undefined ? { missing: missing ?? name } : { command }
}

/** Finds the command without installing it. */
export function locatePeer(name: PeerName): FoundPeer {
  const peer: Peer = PEERS[name]
  const command = findCommand(peer)
  if (command !== undefined) return { command }
  const hint = `apt-get install ${peer.packages.join(' ')}`
  const what = peer.trial === undefined ? peer.commands.join(' or ') : name
  return { missing: `${what} is not installed (Debian: ${hint})` }
}

/** @returns the Debian packages that contain the peer */
export function packagesOf(name: PeerName): readonly string[] {
  return PEERS[name].packages
}

/** @returns the command; undefined after skipping the test: `if (nginx === undefined) return` */
export function requirePeer(t: TestContext, name: PeerName): string | undefined {
  const { command, missing } = findPeer(name)
  if (command !== undefined) return command
  if (process.env.CI === 'true') throw new Error(missing)
  t.skip(missing)
  return undefined
}

function findCommand(peer: Peer): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS]
  const paths = peer.commands.flatMap(command => folders.map(folder => join(folder, command)))
  if (peer.files?.every(existsSync) === false) return undefined
  for (const path of paths) {
    const command = isExecutable(path) ? commandAt(path, peer) : undefined
    if (command !== undefined) return command
  }
  return undefined
}

/** @returns undefined if the command is of no use */
function commandAt(path: string, { trial }: Peer): string | undefined {
  if (trial === undefined) return path
  const { status, stdout } = spawnSync(path, trial, {
    stdio: ['ignore', 'pipe', 'ignore'],
    encoding: 'utf8',
  })
  if (status !== 0) return undefined
  return stdout.trim() || path
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Installs only as root on Debian and its derivatives, where no password is needed. */
function canInstall(): boolean {
  return process.getuid?.() === 0 && isExecutable('/usr/bin/apt-get')
}

const tried = new Set<Peer>()

function install(peer: Peer): string | undefined {
  if (tried.has(peer)) return undefined
  tried.add(peer)
  const wait = ['-o', `DPkg::Lock::Timeout=${APT_LOCK_SECONDS}`]
  const args = [...wait, 'install', '-y', '--no-install-recommends', ...peer.packages]
  console.error(`installing for the tests: apt-get ${args.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status } = spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] })
  return status === 0 ? findCommand(peer) : undefined
}
