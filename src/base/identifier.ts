/**
 * Names of caches as uWSGI's functions and options take them.
 */

/**
 * Whether an identifier names a cache at an address: `name@host:port`, `name@/path`, or the bare
 * address of a server, which means its first cache. `instance/name` is on this machine.
 */
export function hasAddress(identifier: string): boolean {
  return /^\/|[@:]/.test(identifier)
}
