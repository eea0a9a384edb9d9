/**
 * A simulated machine that has only the files and variables that a test names.
 */

import type { HostEnvironment, HostFacts } from '../src/uwsgi/options/index.ts'

const FACTS: HostFacts = {
  cwd: '/srv/work',
  hostname: 'crypt',
  startedAtMs: 1_700_000_000_123,
  cpuCount: 4,
  userId: 1000,
  userName: 'ada',
  groupId: 100,
  groupName: 'users',
  version: '9.8.7',
}

/** Files are named by path, as in the configuration. A directory exists if it has a file. */
export function fakeHostEnvironment(
  files: Readonly<Record<string, string>> = {},
  environment: Readonly<Record<string, string>> = {},
): HostEnvironment {
  const paths = Object.keys(files)
  const inside = (directory: string) =>
    paths.flatMap(path => {
      const prefix = directory === '/' ? '/' : `${directory.replace(/\/$/, '')}/`
      const name = path.startsWith(prefix) ? path.slice(prefix.length).split('/')[0] : undefined
      return name === undefined || name === '' ? [] : [name]
    })
  return {
    facts: FACTS,
    environment,
    readFile: path => files[path],
    findKind: path => {
      if (Object.hasOwn(files, path)) return 'file'
      return inside(path).length > 0 ? 'directory' : undefined
    },
    listDirectory: path => [...new Set(inside(path))].reverse(),
    findInode: () => 77,
  }
}
