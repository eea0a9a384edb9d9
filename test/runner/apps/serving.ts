/**
 * An app behind the uwsgi protocol or plain HTTP, in the process of the test.
 */

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type LoadAppOptions, loadApp, takeRequests } from '../../../src/runner/apps/index.ts'
import { type ServeOptions, serveCaches } from '../../../src/server/index.ts'
import { openTestCache } from '../../../testing/open-test-cache.ts'
import { RawClient } from '../../../testing/raw-client.ts'
import { onEnd, type Scope } from '../../../testing/scope.ts'
import { tempDir } from '../../../testing/temp-dir.ts'

/** Requests with modifier1 0 go to the listener, if any, others to a cache that holds foo: bar. */
export async function serveUwsgi(
  scope: Scope,
  listener: RequestListener | undefined,
  options: ServeOptions = {},
) {
  const cache = openTestCache({ name: 'first' })
  cache.set('foo', Buffer.from('bar'))
  const log: string[] = []
  const onLog = (line: string) => log.push(line)
  const app = listener && { onRequest: takeRequests(createServer(listener), onLog) }
  const server = await serveCaches([cache], { listen: '127.0.0.1:0', onLog, ...app, ...options })
  onEnd(scope, () => server.close())
  const address = server.addresses[0] ?? ''
  return {
    server,
    address,
    log,
    connect: async () => {
      const client = await RawClient.connect(address)
      onEnd(scope, () => client.close())
      return client
    },
  }
}

/** Gives the URL of the root. */
export async function serveHttp(scope: Scope, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onEnd(scope, () => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A module with this text; gives its path. */
export function writeModule(scope: Scope, text: string, name = 'app.mjs'): string {
  const path = join(tempDir(scope), name)
  writeFileSync(path, text)
  return path
}

/** Loads a module with this text. */
export function loadText(
  scope: Scope,
  text: string,
  options: Partial<LoadAppOptions> & { readonly name?: string } = {},
): Promise<RequestListener> {
  const { name, ...rest } = options
  return loadApp({ module: writeModule(scope, text, name), ...rest })
}
