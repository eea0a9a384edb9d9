/**
 * `npm run bench:peers`: installs the caches and programs that the benchmarks compare with. No
 * other benchmark installs anything.
 *
 * npm packages go into bench/peers. Debian packages are installed with apt-get if root runs this;
 * otherwise the command is printed.
 */

import { spawnSync } from 'node:child_process'
import { readCommandLine, runCommandLine } from '../../testing/command-line.ts'
import { locatePeer, type PeerName, packagesOf } from '../../testing/peers/peers.ts'
import { NPM_PEERS } from './npm-peers.ts'

/** Programs that benchmarks compare with or use as clients. */
const PROGRAM_PEERS: readonly PeerName[] = ['uwsgi', 'nginx', 'openresty', 'apcu', 'redis', 'wrk']

const NPM = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', NPM_PEERS]

const COMMAND = {
  name: 'npm run bench:peers',
  summary: [
    'Install what the benchmarks compare with: packages of npm into bench/peers, and programs ' +
      'with apt-get where root runs this. Elsewhere print the apt-get command.',
  ],
  options: {},
}

await runCommandLine(args => {
  readCommandLine(COMMAND, args)
  const isFine = [run('npm', NPM), installPrograms()].every(Boolean)
  process.exitCode = isFine ? 0 : 1
})

function installPrograms(): boolean {
  const absent = PROGRAM_PEERS.filter(name => locatePeer(name).command === undefined)
  if (absent.length === 0) return true
  const packages = absent.flatMap(packagesOf)
  const args = ['install', '-y', '--no-install-recommends', ...packages]
  if (process.getuid?.() === 0) return run('apt-get', args)
  console.log(`to install the other programs: sudo apt-get ${args.join(' ')}`)
  return false
}

function run(command: string, args: readonly string[]): boolean {
  console.log(`${command} ${args.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status } = spawnSync(command, args, { env, stdio: 'inherit' })
  return status === 0
}
