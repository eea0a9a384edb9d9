/**
 * Loading the app that the option `module` names.
 */

import type { RequestListener, Server } from 'node:http'
import { ALLOWED_APPS, appOf, describeNoApp, listNames } from './app-kind.ts'
import { listenerOf } from './app-listener.ts'
import { appInvalid, type ImportedModule, importModule } from './import-module.ts'

/** Which app to load. */
export interface LoadAppOptions {
  /** Path of a file, whose extension may be omitted, or the name of a package. */
  readonly module: string
  /** The export that is the app. @default the default export */
  readonly callable?: string
  /** Where relative paths and packages are looked up. @default the working directory */
  readonly directory?: string
  /** Gets the failures of the app, which are answered with 500. @default stderr */
  readonly onError?: (error: unknown) => void
  /** Gets the app if it is an `http.Server`, which may listen for more than requests. */
  readonly onServer?: (server: Server) => void
}

/**
 * Imports a module and takes the app that it exports, or the promise of an app.
 *
 * @throws UndercroftError `UNDERCROFT_APP_INVALID` when the module cannot be imported, or does not
 * export an app; the message says which file and what is allowed.
 */
export async function loadApp(options: LoadAppOptions): Promise<RequestListener> {
  const { module, callable, directory = process.cwd(), onError = console.error } = options
  const imported = await importModule(module, directory)
  const exported = await takeExport(imported, callable)
  const app = appOf(exported)
  if (app?.kind === 'server') options.onServer?.(app.server)
  if (app !== undefined) return listenerOf(app, onError)
  throw appInvalid(
    `${imported.path}: the ${nameOf(callable)} is ${describeNoApp(exported)}; ${ALLOWED_APPS}`,
  )
}

async function takeExport(module: ImportedModule, callable: string | undefined): Promise<unknown> {
  const { path, exports } = module
  const { default: whole } = exports
  const taken = callable === undefined ? defaultOf(whole) : namedOf([exports, whole], callable)
  if (taken !== undefined) return taken
  const remedy = callable === undefined ? ', or name one with the option callable' : ''
  throw appInvalid(
    `${path} has no ${nameOf(callable)}; it exports ${listNames(exports)}. ` +
      `Export the app${remedy}: ${ALLOWED_APPS}`,
  )
}

/** In an ES module that was compiled to CommonJS, the default is a property of Node's default. */
function defaultOf(whole: unknown): unknown {
  return isRecord(whole) && whole.__esModule === true ? whole.default : whole
}

/** Some exports of CommonJS modules are found only on the default export. */
function namedOf(places: readonly unknown[], name: string): unknown {
  return places.filter(isRecord).find(place => place[name] !== undefined)?.[name]
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function nameOf(callable: string | undefined): string {
  return callable === undefined ? 'default export' : `export "${callable}"`
}
