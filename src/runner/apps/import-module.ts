/**
 * Finding the user's module from the instance's directory, and importing it.
 */

import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { UndercroftError } from '../../base/index.ts'

/** The exports of a module by name. */
export type ModuleExports = Readonly<Record<string, unknown>>

export interface ImportedModule {
  readonly path: string
  readonly exports: ModuleExports
}

/** @throws UndercroftError `UNDERCROFT_APP_INVALID` */
export async function importModule(module: string, directory: string): Promise<ImportedModule> {
  const path = findFile(resolve(directory, module)) ?? findPackage(module, directory)
  try {
    return { path, exports: await import(pathToFileURL(path).href) }
  } catch (error) {
    throw appInvalid(`cannot import ${path}: ${reasonOf(error, path)}`, error)
  }
}

export function appInvalid(message: string, cause?: unknown): UndercroftError {
  return new UndercroftError('UNDERCROFT_APP_INVALID', message, { cause })
}

/** The first one means that the extension was given. */
const EXTENSIONS = ['', '.js', '.mjs', '.cjs', '.ts', '.mts', '.cts']

/** Finds the file itself, or with an extension that was omitted. */
function findFile(path: string): string | undefined {
  return EXTENSIONS.map(extension => path + extension).find(candidate =>
    statSync(candidate, { throwIfNoEntry: false })?.isFile(),
  )
}

/** Resolves the name as a CommonJS module in that directory would. */
function findPackage(name: string, directory: string): string {
  try {
    return createRequire(join(directory, 'module')).resolve(name)
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? ` (${error.code})` : ''
    throw appInvalid(
      `there is neither a file ${resolve(directory, name)} nor a package ${name}${reason}`,
      error,
    )
  }
}

function reasonOf(error: unknown, path: string): string {
  if (!(error instanceof Error)) return String(error)
  // Node.js prints the place only when such an error ends the process.
  if (error instanceof SyntaxError) return `${error.message}; \`node ${path}\` shows where`
  const isUnknown = 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION'
  if (!isUnknown) return error.message
  return (
    `${error.message}; if that is TypeScript: Node ${process.versions.node} does not run it. ` +
    'Use Node 22.18 or newer, compile it to JavaScript, or install a loader such as tsx and set ' +
    'NODE_OPTIONS="--import tsx"'
  )
}
