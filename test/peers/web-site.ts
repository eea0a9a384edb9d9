/**
 * A site under the runner for the programs that people use: two workers, and the HTTP cache before
 * an application whose every answer is another, so that a stored one is known by its body.
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Runner, startServe } from '../../testing/runner-process.ts'
import type { Scope } from '../../testing/scope.ts'
import { tempDir } from '../../testing/temp-dir.ts'

const SOURCE = `
let count = 0
const script = 'PAGE_SCRIPT'
export default (request, response) => {
  if (request.url === '/') {
    response.setHeader('content-type', 'text/html')
    response.setHeader('cache-control', 'no-store')
    response.write('<!doctype html><link rel=icon href=data:,><body>not yet')
    response.end('<script type=module>' + script + '</script>')
    return
  }
  response.setHeader('content-type', 'text/plain')
  response.setHeader('cache-control', request.url === '/private' ? 'private' : 'max-age=60')
  response.setHeader('cache-tag', 'site')
  const lead = request.url === '/words' ? 'the same words again; '.repeat(100) : ''
  response.end(lead + 'made ' + process.pid + ' ' + ++count)
}
`

export interface WebSite {
  readonly runner: Runner
  readonly origin: string
}

/** @param pageScript - A module for the page at `/`. */
export async function startWebSite(scope: Scope, pageScript = ''): Promise<WebSite> {
  const app = join(tempDir(scope), 'app.mjs')
  writeFileSync(
    app,
    SOURCE.replace("'PAGE_SCRIPT'", () => JSON.stringify(pageScript)),
  )
  const runner = await startServe(scope, [
    ...['--module', app, '--http', '127.0.0.1:0', '--processes', '2'],
    ...['--cache2', 'name=pages,items=100,blocksize=4096'],
    ...['--http-cache', 'pages,compress=br;gzip,purge_allow=127.0.0.1'],
  ])
  return { runner, origin: `http://127.0.0.1:${runner.port}` }
}
