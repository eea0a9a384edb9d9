/**
 * The applications that the workers run: the one of `module`, and those of `mount`.
 */

import { invalidOption } from '../base/index.ts'
import {
  findLast,
  flagOption,
  formatGiven,
  type GivenOption,
  listOption,
  type OptionSet,
  textOption,
  usageError,
} from '../uwsgi/options/index.ts'

/** Where an application comes from. */
export interface AppSource {
  /** A path or the name of a package, as given. */
  readonly module: string
  /** Name of the export; absent: the default export. */
  readonly callable?: string
}

/** An application under a path. */
export interface PlannedMount extends AppSource {
  /** Begins with a slash, and does not end with one. */
  readonly path: string
}

/** The application for all requests that no mount gets, and the mounts. */
export interface PlannedApps extends AppSource {
  readonly mounts: readonly PlannedMount[]
  /** Whether the path of a request chooses the mount, instead of the web server's SCRIPT_NAME. */
  readonly managesScriptName: boolean
}

/**
 * Returns undefined if the options name no application. As in uWSGI, the first mount gets the
 * other requests as well if there is no module.
 */
export function planApps(options: OptionSet): PlannedApps | undefined {
  const mounts = new Map<string, PlannedMount>()
  for (const given of listOption(options, 'mount')) {
    const mount = readMount(given, options)
    if (mounts.has(mount.path)) throw usageError(`${formatGiven(given)}: the path is taken`)
    mounts.set(mount.path, mount)
  }
  const [first] = mounts.values()
  const root = mounts.get('')
  mounts.delete('')
  const module = findLast(options, 'module')
  if (module !== undefined && root !== undefined) {
    throw usageError(`${formatGiven(module)}: mount has another application at /; remove one`)
  }
  const app = module === undefined ? (root ?? first) : readSource(module, module.value, options)
  if (app === undefined) return undefined
  const { module: path, callable } = app
  return {
    module: path,
    ...(callable === undefined ? {} : { callable }),
    mounts: [...mounts.values()],
    managesScriptName: flagOption(options, 'manage-script-name'),
  }
}

const HTTP_OPTIONS = ['http', 'http-socket', 'https', 'https-socket']

/** Clients of HTTP have no SCRIPT_NAME, and would only ever reach one application. */
export function warnOfUnreachedMounts(options: OptionSet): string[] {
  const given = findLast(options, 'mount')
  const isHttp = HTTP_OPTIONS.some(name => findLast(options, name) !== undefined)
  if (given === undefined || !isHttp || flagOption(options, 'manage-script-name')) return []
  return [
    `${formatGiven(given)}: HTTP clients do not reach this path; add manage-script-name, or let ` +
      'a web server send SCRIPT_NAME over the uwsgi protocol',
  ]
}

function readMount(given: GivenOption, options: OptionSet): PlannedMount {
  const [, path, source] = /^(\/[!-<>-~]*)=(.+)$/.exec(given.value) ?? []
  if (path === undefined || source === undefined) {
    throw invalidOption(formatGiven(given), '/PATH=MODULE, such as /blog=blog.js', given.value)
  }
  return { ...readSource(given, source, options), path: path.replace(/\/+$/, '') }
}

function readSource(given: GivenOption, value: string, options: OptionSet): AppSource {
  if (value === '') throw invalidOption(formatGiven(given), 'a path', value)
  // uWSGI's form `module = myapp:application`.
  const [, path, name] = /^(.+):([A-Za-z_$][\w$]*)$/.exec(value) ?? []
  const wanted = textOption(options, 'callable') ?? name
  const module = path ?? value
  if (/\.pyc?$/.test(module)) {
    throw invalidOption(
      formatGiven(given),
      'a JavaScript or TypeScript module, such as app.js; Python programs run under uWSGI or ' +
        'gunicorn, and reach the caches here over a socket',
      module,
    )
  }
  return { module, ...(wanted === undefined ? {} : { callable: wanted }) }
}
