/**
 * Creates, attaches, opens and destroys segments.
 *
 * A creator fills a new file under a temporary name, and then links the file to its own name. So no
 * process attaches to an incomplete file. If several processes create the same segment at once, one
 * of them links its file, and the others attach to that file.
 */

import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { UndercroftError } from '../base/index.ts'
import {
  defaultDirectory,
  errnoName,
  locksOfFile,
  type Mapping,
  mapFile,
  mapPrivate,
  requireMappableSize,
  resizeFile,
  userId,
} from '../platform/index.ts'
import { FILE_LOCK, HEADER } from './format.ts'
import { computeLayout, GEOMETRY_OPTIONS, type Geometry } from './geometry.ts'
import { registerCreator, registerOpener, unregister } from './open-tracking.ts'
import { reserveStart } from './reservation.ts'
import { formatSegment, readGeometry, Segment } from './segment.ts'

/** The geometry that the caller asks for. Attaching accepts any value for an undefined field. */
export type WantedGeometry = { readonly [K in keyof Geometry]: Geometry[K] | undefined }

/** Completes the wanted geometry for a new segment. Throws if a required field is missing. */
export type GeometryCompleter = (wanted: WantedGeometry) => Geometry

const TEMPORARY_SUFFIX = '.new'
/** What stands between the file's name and the suffix. It is strict: matching files are removed. */
const TEMPORARY_ID = /^\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** Maximum of attempts to attach or create while other processes create and destroy the file. */
const OPEN_ATTEMPTS = 100

/** Attaches to the segment at a path, or creates the segment. */
export function openSegment(
  file: string,
  wanted: WantedGeometry,
  complete: GeometryCompleter,
): Segment {
  requirePrivateDirectory(path.dirname(file))
  for (let attempt = 0; attempt < OPEN_ATTEMPTS; attempt++) {
    const segment = attach(file, wanted) ?? create(file, complete(wanted))
    if (segment !== undefined) return segment
  }
  throw new UndercroftError(
    'UNDERCROFT_SYSTEM',
    `${file} was created and destroyed ${OPEN_ATTEMPTS} times while we tried to open it`,
  )
}

/** Creates a segment in memory that only this thread sees. */
export function createPrivateSegment(name: string, geometry: Geometry): Segment {
  const mapping = mapPrivate(computeLayout(geometry).size)
  reserveStart(mapping, geometry)
  formatSegment(mapping, geometry)
  return new Segment(mapping, geometry, name)
}

/** Removes the name. Openers keep the segment; the next process that opens creates a new one. */
export function destroySegment(file: string): void {
  fs.rmSync(file, { force: true })
}

function attach(file: string, wanted: WantedGeometry): Segment | undefined {
  const fd = openExisting(file)
  if (fd === undefined) return undefined
  let mapping: Mapping | undefined
  try {
    const stat = fs.fstatSync(fd)
    requireTrustworthy(file, stat)
    const start = Buffer.alloc(HEADER.size)
    const length = fs.readSync(fd, start, 0, start.length, 0)
    const geometry = readGeometry(start.subarray(0, length), stat.size, file)
    requireSameGeometry(file, wanted, geometry)
    mapping = mapFile(fd, computeLayout(geometry).size, file)
    const segment = new Segment(mapping, geometry, file, unregister)
    registerOpener(segment, stat.ino)
    if (fs.statSync(file, { throwIfNoEntry: false })?.ino !== stat.ino) {
      mapping.close() // The file was destroyed meanwhile, and perhaps created again.
      return undefined
    }
    return segment
  } catch (error) {
    if (mapping === undefined) fs.closeSync(fd)
    else mapping.close()
    // ENOENT: another process just destroyed the file.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function openExisting(file: string): number | undefined {
  try {
    return fs.openSync(file, fs.constants.O_RDWR | fs.constants.O_NOFOLLOW)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') return undefined
    if (code === 'ELOOP') {
      throw accessDenied(file, 'it is a symbolic link, and following it could be a trap')
    }
    throw openFailure(file, error)
  }
}

function requireTrustworthy(file: string, stat: fs.Stats): void {
  if (!stat.isFile()) {
    throw new UndercroftError('UNDERCROFT_NOT_A_SEGMENT', `${file} is not a regular file`)
  }
  const user = userId()
  if (user !== undefined && stat.uid !== user && stat.uid !== 0) {
    throw accessDenied(file, `it belongs to user ${stat.uid}, and this process runs as ${user}`)
  }
  if ((stat.mode & 0o002) !== 0) {
    throw accessDenied(file, 'everybody may write to it; run chmod o-w on it')
  }
}

/** Throws UNDERCROFT_GEOMETRY_MISMATCH with every difference, by the names of the options. */
export function requireSameGeometry(
  label: string,
  wanted: WantedGeometry,
  geometry: Geometry,
): void {
  const differences: string[] = []
  for (const name of Object.keys(geometry) as (keyof Geometry)[]) {
    if (wanted[name] !== undefined && wanted[name] !== geometry[name]) {
      const option = GEOMETRY_OPTIONS[name]
      differences.push(`${option} is ${geometry[name]}, asked for was ${wanted[name]}`)
    }
  }
  if (differences.length === 0) return
  throw new UndercroftError(
    'UNDERCROFT_GEOMETRY_MISMATCH',
    `${label} was created with other options: ${differences.join('; ')}. ` +
      'Open it with the same options, or destroy it first',
  )
}

/** @returns undefined if another process created the file first */
function create(file: string, geometry: Geometry): Segment | undefined {
  const size = computeLayout(geometry).size
  requireMappableSize(size)
  const directory = path.dirname(file)
  makePrivateDirectory(directory)
  removeAbandoned(directory, path.basename(file))
  const temporary = `${file}.${randomUUID()}${TEMPORARY_SUFFIX}`
  const fd = createExclusive(temporary, file)
  let mapping: Mapping | undefined
  try {
    locksOfFile(fd).tryHold(FILE_LOCK.creator)
    resizeFile(fd, size, file)
    mapping = mapFile(fd, size, temporary, file)
    reserveStart(mapping, geometry)
    formatSegment(mapping, geometry)
    const segment = new Segment(mapping, geometry, file, unregister)
    registerCreator(segment, fs.fstatSync(fd).ino)
    fs.linkSync(temporary, file)
    if (geometry.checksums) syncDirectory(directory)
    return segment
  } catch (error) {
    if (mapping === undefined) fs.closeSync(fd)
    else mapping.close()
    const code = (error as NodeJS.ErrnoException).code
    // EEXIST: another process was faster. ENOENT: another process removed the temporary file as
    // abandoned, before this process locked it.
    if (code === 'EEXIST' || code === 'ENOENT') return undefined
    throw error instanceof UndercroftError ? error : openFailure(file, error)
  } finally {
    fs.rmSync(temporary, { force: true })
  }
}

/** Flushes the directory, so that the device has the name of a new store before its items. */
function syncDirectory(directory: string): void {
  let fd: number | undefined
  try {
    fd = fs.openSync(directory, fs.constants.O_RDONLY)
    fs.fsyncSync(fd)
  } catch {
    // Some systems cannot flush a directory. They write names to the device a little later.
  } finally {
    if (fd !== undefined) fs.closeSync(fd)
  }
}

function createExclusive(temporary: string, file: string): number {
  const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants
  try {
    return fs.openSync(temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  } catch (error) {
    throw openFailure(file, error)
  }
}

/** Makes the default directory only: a missing directory of the caller is likely a typing error. */
function makePrivateDirectory(directory: string): void {
  if (directory !== defaultDirectory()) return
  try {
    fs.mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw openFailure(directory, error)
  }
  requirePrivateDirectory(directory)
}

/**
 * Throws UNDERCROFT_ACCESS_DENIED if another user controls the default directory. That directory
 * has a name that can be guessed, and every user may create files next to it. A link of another
 * user could lead to any file, also to files of this user. The caller is responsible for any other
 * directory.
 */
function requirePrivateDirectory(directory: string): void {
  if (directory !== defaultDirectory()) return
  const stat = fs.lstatSync(directory, { throwIfNoEntry: false })
  if (stat === undefined) return // The directory is made later, or is not needed.
  const user = userId()
  if (!stat.isDirectory() || (user !== undefined && stat.uid !== user)) {
    throw accessDenied(directory, 'somebody else made it, or it is a link')
  }
  if ((stat.mode & 0o022) !== 0) {
    throw accessDenied(directory, 'others may write to it; run chmod 700 on it')
  }
}

/** Removes the temporary files of creators that died. */
function removeAbandoned(directory: string, base: string): void {
  let names: string[]
  try {
    names = fs.readdirSync(directory)
  } catch {
    return // Creating the file reports the cause.
  }
  for (const name of names) {
    if (!name.startsWith(base) || !name.endsWith(TEMPORARY_SUFFIX)) continue
    const id = name.slice(base.length, -TEMPORARY_SUFFIX.length)
    if (TEMPORARY_ID.test(id)) removeIfAbandoned(path.join(directory, name))
  }
}

function removeIfAbandoned(temporary: string): void {
  let fd: number
  try {
    fd = fs.openSync(temporary, fs.constants.O_RDWR | fs.constants.O_NOFOLLOW)
  } catch {
    return // Its creator removed the file, or this process may not open the file.
  }
  try {
    if (!locksOfFile(fd).isHeldElsewhere(FILE_LOCK.creator)) fs.rmSync(temporary, { force: true })
  } finally {
    fs.closeSync(fd)
  }
}

function accessDenied(file: string, why: string): UndercroftError {
  return new UndercroftError('UNDERCROFT_ACCESS_DENIED', `will not use ${file}: ${why}`)
}

function openFailure(file: string, error: unknown): UndercroftError {
  const { code: given = 'unknown', errno } = error as NodeJS.ErrnoException
  const code = given.startsWith('E') || errno === undefined ? given : errnoName(-errno)
  const denied = code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
  const lack = code === 'ENOSPC' || code === 'EDQUOT'
  return new UndercroftError(
    denied ? 'UNDERCROFT_ACCESS_DENIED' : lack ? 'UNDERCROFT_NO_SPACE' : 'UNDERCROFT_SYSTEM',
    `cannot open ${file} (${code})${code === 'ENOENT' ? ': its directory does not exist' : ''}`,
    { cause: error },
  )
}
