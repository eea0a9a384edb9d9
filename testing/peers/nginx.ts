/**
 * Real nginx on a Unix socket, with the two recipes of uWSGI's caching documentation.
 */

import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { within } from '../deadline.ts'
import type { Scope } from '../scope.ts'
import { isListening, startService } from '../service.ts'
import { tempDir } from '../temp-dir.ts'

/** A server as nginx names it: `unix:/path` or `127.0.0.1:port`. */
export type Upstream = string

/** The answer as the client of nginx sees it. */
interface Answer {
  readonly status: number
  /** Names and values, alternately, as nginx sent them. */
  readonly rawHeaders: readonly string[]
  readonly headers: Readonly<NodeJS.Dict<string | string[]>>
  readonly body: string
}

export interface Nginx {
  /** The socket on which nginx listens. */
  readonly socketPath: string
  ask(path: string, method?: 'GET' | 'HEAD'): Promise<Answer>
  /** The error log. */
  output(): string
}

/** uWSGI's documentation, "Directly accessing the cache from your web server", first form. */
export function cacheOnly(cache: Upstream): string {
  return `
    location / {
      uwsgi_pass ${cache};
      uwsgi_modifier1 111;
      uwsgi_modifier2 3;
      uwsgi_param key $request_uri;
    }`
}

/** The second form of the same page: the application answers what the cache does not have. */
export function cacheThenReal(cache: Upstream, real: Upstream): string {
  return `
    location / {
      uwsgi_pass ${cache};
      uwsgi_modifier1 111;
      uwsgi_modifier2 3;
      uwsgi_param key $request_uri;
      uwsgi_pass_request_headers off;
      error_page 502 504 = @real;
    }
    location @real {
      proxy_pass http://${real};
    }`
}

/** The second form exactly as written: the application has the same address as the cache. */
export function cacheThenApp(server: Upstream): string {
  return `
    location / {
      uwsgi_pass ${server};
      uwsgi_modifier1 111;
      uwsgi_modifier2 3;
      uwsgi_param key $request_uri;
      uwsgi_pass_request_headers off;
      error_page 502 504 = @real;
    }
    ${appAt('@real', server)}`
}

/**
 * The same without its side effects: a miss is not an error, and requests that change something do
 * not query the cache.
 */
export function cacheForGets(server: Upstream): string {
  return `
    location / {
      limit_except GET { deny all; }
      uwsgi_pass ${server};
      uwsgi_modifier1 111;
      uwsgi_modifier2 3;
      uwsgi_param get $request_uri;
      uwsgi_pass_request_headers off;
      uwsgi_intercept_errors on;
      error_page 403 404 502 504 = @real;
    }
    ${appAt('@real', server)}`
}

/** Passes all requests for this location to the application. */
export function appAt(location: string, server: Upstream, more = ''): string {
  return `
    location ${location} {
      uwsgi_pass ${server};
      uwsgi_modifier1 0;
      uwsgi_modifier2 0;
      include ${UWSGI_PARAMS};
      ${more}
    }`
}

/** Every package of nginx installs this file. */
const UWSGI_PARAMS = '/etc/nginx/uwsgi_params'

/** Starts nginx with these locations after its own check (`nginx -t`) has accepted them. */
export async function startNginx(scope: Scope, command: string, locations: string): Promise<Nginx> {
  const dir = tempDir(scope)
  const configPath = join(dir, 'nginx.conf')
  const socketPath = join(dir, 'nginx.sock')
  writeFileSync(configPath, configuration(dir, socketPath, locations))
  const args = ['-p', dir, '-c', configPath, '-e', 'stderr']
  const check = await startService(scope, command, ['-t', ...args])
  if ((await check.exit()) !== 0) throw new Error(`nginx -t: ${check.output()}`)
  const service = await startService(scope, command, args)
  await service.waitFor('to listen', () => isListening({ path: socketPath }))
  return {
    socketPath,
    ask: (path, method = 'GET') => within(`nginx to answer ${path}`, ask(socketPath, path, method)),
    output: () => service.output(),
  }
}

/** nginx writes only into `dir`. It has one process, so that stopping it stops all of nginx. */
function configuration(dir: string, socketPath: string, locations: string): string {
  const buffers = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const paths = buffers.map(name => `  ${name}_temp_path ${dir}/${name};`).join('\n')
  return `
daemon off;
master_process off;
pid ${dir}/nginx.pid;
error_log stderr info;
events {}
http {
  access_log off;
  client_max_body_size 0;
${paths}
  server {
    listen unix:${socketPath};
    ${locations}
  }
}
`
}

function ask(socketPath: string, path: string, method: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, method, agent: false }, answer => {
      const { statusCode: status = 0, rawHeaders, headers } = answer
      text(answer).then(body => resolve({ status, rawHeaders, headers, body }), reject)
    })
    sent.on('error', reject).end()
  })
}
