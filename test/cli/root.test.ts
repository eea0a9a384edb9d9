/**
 * Commands of root, where the caches belong to the user of an instance.
 *
 * Each test has a /dev/shm of its own, in a mount namespace that ends with it.
 */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { PATIENCE_MS } from '../../testing/deadline.ts'
import { MAIN } from '../../testing/root.ts'

/** Two users that every Debian has, and that own nothing. */
const NOBODY = { name: 'nobody', id: 65_534 }
const DAEMON = { name: 'daemon', id: 1 }

const UNDERCROFT = `"${process.execPath}" "${MAIN}"`

/** Lines of a shell with these functions. */
const FUNCTIONS = `
mount -t tmpfs tmpfs /dev/shm && chmod 1777 /dev/shm || exit 9
as() { user=$1; shift; setpriv --reuid $user --regid $user --clear-groups ${UNDERCROFT} "$@"; }
cache() { # USER NAME VALUE: a shared cache, which stays when its server stops
  # exec: otherwise the signal would end a shell, and leave the server
  (exec setpriv --reuid $1 --regid $1 --clear-groups ${UNDERCROFT} serve \\
    --cache2 name=$2,items=10,shared=1 --socket 127.0.0.1:0 >/dev/shm/$1.log) &
  until grep -q 'reach it' /dev/shm/$1.log; do kill -0 $! || exit 8; sleep 0.05; done
  as $1 set greeting $3 --cache $2; kill $!; wait $!
}
`

describe('a command of root', { skip: findObstacle() }, () => {
  test('uses a cache that one other user has, as that user, and says whose it is', () => {
    const out = runShell(`
      cache ${NOBODY.id} pages hello
      ${UNDERCROFT} get greeting --cache pages; echo " get $?"
      ${UNDERCROFT} set greeting other --cache pages; echo "set $?"
      ${UNDERCROFT} get greeting --cache pages; echo
      ${UNDERCROFT} list; ls -ln /dev/shm/undercroft-${NOBODY.id}; ls /dev/shm
    `)
    assert.match(out, /^undercroft: this is the cache "pages" of user nobody\nhello get 0$/m)
    assert.match(out, /^set 0$/m)
    assert.match(out, /^other$/m)
    assert.match(out, /^undercroft: user nobody has caches: pages; .*runuser -u nobody/m)
    assert.doesNotMatch(out, /undercroft-0/, 'nothing was made for root')
    assert.match(out, new RegExp(`^-rw------- \\d+ ${NOBODY.id} .* pages.undercroft$`, 'm'))
  })

  test('asks for the user if several have the cache, and lists the caches of each', () => {
    const out = runShell(`
      cache ${NOBODY.id} pages hello; cache ${DAEMON.id} pages goodbye
      ${UNDERCROFT} get greeting --cache pages; echo "get $?"
      ${UNDERCROFT} list; runuser -u nobody -- ${UNDERCROFT} get greeting --cache pages
    `)
    assert.match(out, /root has no cache "pages", but users (daemon, nobody|nobody, daemon) have/)
    assert.match(out, /^get [1-9]$/m)
    assert.match(out, /^undercroft: user nobody has caches: pages; .*runuser -u nobody/m)
    assert.match(out, /^undercroft: user daemon has caches: pages; .*runuser -u daemon/m)
    assert.match(out, /^hello$/m)
  })

  test('prefers the cache of root, and says that another user has one', () => {
    const out = runShell(`
      cache ${NOBODY.id} pages hello; cache 0 pages own
      ${UNDERCROFT} get greeting --cache pages
    `)
    assert.match(out, /^undercroft: this is root's cache "pages"; user nobody has one, too/m)
    assert.match(out, /^own$/m)
  })

  test('follows no link, and ignores a directory that another user made under that name', () => {
    const out = runShell(`
      cache 0 secret own; cd /dev/shm
      mv undercroft-0/secret.undercroft undercroft-0/moved.undercroft
      as ${NOBODY.id} list
      setpriv --reuid ${NOBODY.id} --regid ${NOBODY.id} --clear-groups sh -c '
        mkdir -m 700 undercroft-${NOBODY.id} undercroft-${DAEMON.id}
        ln -s /dev/shm/undercroft-0/moved.undercroft undercroft-${NOBODY.id}/trap.undercroft
        touch undercroft-${DAEMON.id}/forged.undercroft'
      ${UNDERCROFT} get greeting --cache trap; echo "trap $?"
      ${UNDERCROFT} get greeting --cache forged; echo "forged $?"
    `)
    assert.match(out, /^trap [1-9]$/m)
    assert.match(out, /there is no cache "forged".*\nforged [1-9]$/m)
    assert.doesNotMatch(out, /^own/m)
  })
})

/** What the lines print on both outputs. */
function runShell(lines: string): string {
  const script = `exec 2>&1\n${FUNCTIONS}${lines}\ntrue`
  return execFileSync('unshare', ['-m', 'sh', '-c', script], {
    encoding: 'utf8',
    timeout: 6 * PATIENCE_MS,
  })
}

/** Why this test cannot run; false: it can. */
function findObstacle(): string | false {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return 'only root on Linux can'
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'pipe' })
    const asNobody = { uid: NOBODY.id, gid: NOBODY.id, stdio: 'pipe' } as const
    execFileSync(process.execPath, [MAIN, '--version'], asNobody)
    return false
  } catch (error) {
    return `no mount namespace, or no other user: ${error}`.split('\n', 1)[0] ?? 'unknown'
  }
}
