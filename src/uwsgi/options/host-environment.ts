/**
 * Facts from outside that reading a configuration needs, so that the reading itself is pure.
 */

/** Who runs us, where, and when. */
export interface HostFacts {
  readonly cwd: string
  readonly hostname: string
  readonly startedAtMs: number
  readonly cpuCount: number
  readonly userId: number
  readonly userName: string
  readonly groupId: number
  readonly groupName: string
  /** Of this package. */
  readonly version: string
}

/** What is at a path. */
export type PathKind = 'file' | 'directory' | 'other'

/** Everything outside. */
export interface HostEnvironment {
  readonly facts: HostFacts
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The text of a file, or undefined if it cannot be read. */
  readFile(path: string): string | undefined
  /** Undefined when nothing is there. */
  findKind(path: string): PathKind | undefined
  /** Names in a directory, in any order; undefined if it cannot be read. */
  listDirectory(path: string): readonly string[] | undefined
  /** The inode of a file, 0 if there is none. */
  findInode(path: string): number
}

/** A variable of the environment; `constructor` and the like are none. */
export function findVariable(host: HostEnvironment, name: string): string | undefined {
  return Object.hasOwn(host.environment, name) ? host.environment[name] : undefined
}
