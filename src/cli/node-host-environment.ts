/**
 * The real host environment for reading a configuration: files, variables, and facts of this
 * machine.
 */

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { availableParallelism, hostname, userInfo } from 'node:os'
import type { HostEnvironment, HostFacts } from '../uwsgi/options/index.ts'

/** Returns the environment of this process. Files are read on demand. */
export function nodeHostEnvironment(): HostEnvironment {
  return {
    facts: readFacts(),
    environment: process.env,
    readFile: path => attempt(() => readFileSync(path, 'utf8')),
    findKind: path =>
      attempt(() => {
        const facts = statSync(path)
        if (facts.isFile()) return 'file'
        return facts.isDirectory() ? 'directory' : 'other'
      }),
    listDirectory: path => attempt(() => readdirSync(path)),
    findInode: path => attempt(() => statSync(path).ino) ?? 0,
  }
}

function readFacts(): HostFacts {
  // A container may run under a user id that has no name.
  const user = attempt(() => userInfo())
  const userId = user?.uid ?? -1
  const groupId = user?.gid ?? -1
  return {
    cwd: process.cwd(),
    hostname: hostname(),
    startedAtMs: performance.timeOrigin,
    cpuCount: availableParallelism(),
    userId,
    userName: user?.username ?? String(userId),
    groupId,
    groupName: findGroupName(groupId) ?? String(groupId),
    version: readVersion(),
  }
}

/** Node.js has no function for this. */
function findGroupName(groupId: number): string | undefined {
  const lines = attempt(() => readFileSync('/etc/group', 'utf8'))?.split('\n') ?? []
  return lines.map(line => line.split(':')).find(parts => parts[2] === String(groupId))?.[0]
}

function readVersion(): string {
  // By the package's own name: compiled files lie at different depths in the package and in tests.
  const text = readFileSync(new URL(import.meta.resolve('undercroft/package.json')), 'utf8')
  const parsed: unknown = JSON.parse(text)
  const hasVersion = typeof parsed === 'object' && parsed !== null && 'version' in parsed
  return hasVersion ? String(parsed.version) : 'unknown'
}

/** Returns undefined if the system refuses. Callers do not need the reason. */
function attempt<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch {
    return undefined
  }
}
