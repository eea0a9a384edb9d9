/**
 * What reading a configuration needs to know about the host, so that the reading itself is pure.
 */

/** The machine, the user, and the time of the start. */
export interface HostFacts {
  readonly cwd: string
  readonly hostname: string
  readonly startedAtMs: number
  readonly cpuCount: number
  readonly userId: number
  readonly userName: string
  readonly groupId: number
  readonly groupName: string
  /** Version of this package. */
  readonly version: string
}

/** What a path refers to. */
export type PathKind = 'file' | 'directory' | 'other'

/** Access to files and environment variables of the host. */
export interface HostEnvironment {
  readonly facts: HostFacts
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Returns the text of a file, or undefined if it cannot be read. */
  readFile(path: string): string | undefined
  /** Returns undefined when the path does not exist. */
  findKind(path: string): PathKind | undefined
  /** Returns the names in a directory in any order, or undefined if it cannot be read. */
  listDirectory(path: string): readonly string[] | undefined
  /** Returns the inode of a file, or 0 if it does not exist. */
  findInode(path: string): number
}

/** Returns an environment variable. Inherited names such as `constructor` are not variables. */
export function findVariable(host: HostEnvironment, name: string): string | undefined {
  return Object.hasOwn(host.environment, name) ? host.environment[name] : undefined
}
