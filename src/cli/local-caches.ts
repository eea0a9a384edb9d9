/**
 * Caches of this machine for the commands: those of the user, and for root those of other users.
 *
 * An instance with `uid = app` keeps its caches in the directory of app, where a command of root
 * would not look. Root's command becomes that user for good before it opens the cache. So the files
 * there are opened with that user's rights, and the checks of a cache of one's own apply.
 */

import { formatSuggestion, UndercroftError } from '../base/index.ts'
import type { Cache } from '../cache/index.ts'
import { listSegments, listSegmentsOfOthers, type SegmentsOfUser } from '../segment/index.ts'

/** Takes a line about whose cache the command uses. */
type Warn = (line: string) => void

/**
 * Opens a cache by its name. A name without an instance is a shared cache, or else the cache of the
 * only instance that has one of that name. Root's own caches come first, so that no other user can
 * put one in their place.
 */
export async function openLocalCache(
  name: string,
  directory: string | undefined,
  warn: Warn,
): Promise<Cache<Uint8Array>> {
  const { Cache } = await import('../cache/index.ts')
  const open = (name: string) =>
    Cache.open<Uint8Array>({
      name,
      memory: 'shared',
      ...(directory === undefined ? {} : { directory }),
    })
  await chooseUser(name, directory, warn)
  try {
    return open(name)
  } catch (error) {
    const names = listSegments(directory)
    const others = names.filter(other => other.endsWith(`/${name}`))
    const [only] = others
    if (only === undefined || !isMissing(error)) throw explainMissing(error, name, names)
    if (others.length === 1) return open(only)
    throw new UndercroftError(
      'UNDERCROFT_NO_SUCH_CACHE',
      `several instances have a cache "${name}": name one of ${others.join(', ')}`,
    )
  }
}

/** Returns the caches of this user. Root learns which other users have some. */
export async function listLocalCaches(
  directory: string | undefined,
  warn: Warn,
): Promise<readonly string[]> {
  for (const other of findOthers(directory)) {
    const user = await nameOf(other)
    warn(`user ${user} has caches: ${other.names.join(', ')}; ${asUser(user)}`)
  }
  return listSegments(directory)
}

/** Becomes the only user that has the cache, if root has none of that name. */
async function chooseUser(name: string, directory: string | undefined, warn: Warn): Promise<void> {
  const fits = (other: string) => other === name || other.endsWith(`/${name}`)
  const others = findOthers(directory).filter(({ names }) => names.some(fits))
  const [owner] = others
  if (owner === undefined) return
  const users = await Promise.all(others.map(nameOf))
  const [user = ''] = users
  if (listSegments(directory).some(fits)) {
    warn(`this is root's cache "${name}"; user ${users.join(', ')} has one, too: ${asUser(user)}`)
    return
  }
  if (others.length > 1) {
    throw new UndercroftError(
      'UNDERCROFT_NO_SUCH_CACHE',
      `root has no cache "${name}", but users ${users.join(', ')} have one each; ${asUser(user)}`,
    )
  }
  warn(`this is the cache "${name}" of user ${user}`)
  const { dropPrivileges } = await import('../runner/index.ts')
  dropPrivileges({ user: String(owner.userId), group: String(owner.groupId) }, () => {})
}

/** Only root may look into the directories of others, and not when it has named a directory. */
function findOthers(directory: string | undefined): readonly SegmentsOfUser[] {
  return directory === undefined && process.geteuid?.() === 0 ? listSegmentsOfOthers() : []
}

async function nameOf({ userId }: SegmentsOfUser): Promise<string> {
  const { nameOfUser } = await import('../runner/index.ts')
  return nameOfUser(userId) ?? String(userId)
}

function asUser(user: string): string {
  return `to use it, run: runuser -u ${user} -- undercroft ...`
}

function isMissing(error: unknown): error is UndercroftError {
  return error instanceof UndercroftError && error.code === 'UNDERCROFT_NO_SUCH_CACHE'
}

/** The commands cannot create a cache, so the error names the one that can. */
function explainMissing(error: unknown, name: string, names: readonly string[]): unknown {
  if (!isMissing(error)) return error
  const remedy = name.includes('/')
    ? 'undercroft list shows what there is'
    : `create it with: undercroft serve --cache2 name=${name},items=10000`
  const suggestion = formatSuggestion(name, names)
  const message = `there is no cache "${name}" on this machine${suggestion}; ${remedy}`
  return new UndercroftError(error.code, message, { cause: error })
}
