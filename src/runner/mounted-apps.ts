/**
 * Several applications in one worker, each under a path.
 *
 * uWSGI 2.0.21, core/protocol.c: with `manage-script-name` the longest path that fits a request
 * chooses; otherwise the SCRIPT_NAME that a web server sends does. A path fits whole segments.
 */

import type { IncomingMessage, RequestListener } from 'node:http'
import { REQUEST_VARIABLES, type WithRequestVariables } from '../http-message/index.ts'
import { decodePath, encodePath } from '../uwsgi/rules/index.ts'

/** An application under a path without a slash at its end. */
export interface Mount {
  readonly path: string
  readonly listener: RequestListener
}

/**
 * Makes one listener of the mounts and of the application for all other requests.
 *
 * @param managesScriptName - the path chooses, and the mounted application gets the rest of it in
 * `request.url`, with `originalUrl` and `baseUrl` as Connect and Express have them
 */
export function mountApps(
  mounts: readonly Mount[],
  fallback: RequestListener,
  managesScriptName: boolean,
): RequestListener {
  if (mounts.length === 0) return fallback
  const longestFirst = [...mounts].sort((a, b) => b.path.length - a.path.length)
  const choose = managesScriptName ? chooseByPath : chooseByScriptName
  return (request, response) => {
    const mount = choose(longestFirst, request)
    return (mount?.listener ?? fallback)(request, response)
  }
}

function chooseByScriptName(
  mounts: readonly Mount[],
  { socket }: IncomingMessage,
): Mount | undefined {
  const { [REQUEST_VARIABLES]: given } = socket as WithRequestVariables
  const scriptName = given?.get('SCRIPT_NAME')
  return mounts.find(({ path }) => path === scriptName)
}

function chooseByPath(mounts: readonly Mount[], request: IncomingMessage): Mount | undefined {
  const { url = '/' } = request
  const decoded = decodePath(url)
  const mount = mounts.find(({ path }) => decoded === path || decoded.startsWith(`${path}/`))
  if (mount === undefined) return undefined
  const rest = restOf(url, decoded, mount.path)
  Object.assign(request, { url: rest, originalUrl: url, baseUrl: mount.path })
  return mount
}

/** Returns the rest as the client wrote it, unless only the decoded path shows the mount. */
function restOf(url: string, decoded: string, mount: string): string {
  const rest = url.slice(mount.length)
  if (url.startsWith(mount) && /^(?:$|[/?])/.test(rest) && !url.includes('/.')) {
    return rest.startsWith('/') ? rest : `/${rest}`
  }
  const path = encodePath(decoded.slice(mount.length)) || '/'
  const mark = url.indexOf('?')
  return mark < 0 ? path : path + url.slice(mark)
}
