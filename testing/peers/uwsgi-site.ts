/**
 * A real uWSGI that serves HTTP with routing rules, in front of the application of the recipes.
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Scope } from '../scope.ts'
import { isListening, startService } from '../service.ts'
import { tempDir } from '../temp-dir.ts'
import { boundPort } from './uwsgi.ts'

const APPLICATION = `
hits = 0

def application(environ, start_response):
    global hits
    hits += 1
    user = environ.get('REMOTE_USER', '-')
    text = 'page %s q=%s user=%s hit=%d' % (
        environ['PATH_INFO'], environ['QUERY_STRING'], user, hits)
    body = text.encode('latin-1')
    length = str(len(body))
    start_response('200 OK', [('X-App', '1'), ('Content-Length', length)])
    return [body]
`

const PLUGINS = [
  ...['python3', 'router_cache', 'router_static', 'transformation_tofile'],
  ...['router_redirect', 'router_rewrite', 'router_expires', 'router_basicauth'],
]

export interface UwsgiSite {
  /** The HTTP port. */
  readonly port: number
  readonly pid: number
}

/** Starts uWSGI with these lines below `[uwsgi]`. `http11-socket` keeps connections open. */
export async function startUwsgiSite(
  scope: Scope,
  command: string,
  lines: string,
  socket: 'http-socket' | 'http11-socket' = 'http-socket',
): Promise<UwsgiSite> {
  const directory = tempDir(scope)
  const applicationPath = join(directory, 'app.py')
  const iniPath = join(directory, 'site.ini')
  writeFileSync(applicationPath, APPLICATION)
  const plugins = PLUGINS.map(name => `plugin = ${name}\n`).join('')
  const own = `${socket} = 127.0.0.1:0\nwsgi-file = ${applicationPath}\ndisable-logging = true\n`
  writeFileSync(iniPath, `[uwsgi]\n${plugins}${own}${lines}\n`)
  const service = await startService(scope, command, ['--ini', iniPath])
  const port = await service.waitFor('to say its port', boundPort)
  await service.waitFor('to listen', () => isListening({ port, host: '127.0.0.1' }))
  return { port, pid: service.pid }
}
