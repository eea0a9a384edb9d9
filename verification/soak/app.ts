/**
 * The application of the soak: pages that may be cached for one second, data stored with uWSGI's
 * functions, and a counter.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { cache_get, cache_inc, cache_num, cache_update } from '../../src/uwsgi/index.ts'

const CACHE = 'data'
const TTL_SECONDS = 1

export default async function app(
  { url = '/' }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, kind, number = '0'] = url.split('/')
  if (kind === 'page') {
    response.setHeader('Cache-Control', 'max-age=1')
    response.end(`page ${number} `.repeat(1 + (Number(number) % 50)))
  } else if (kind === 'data') {
    const found = await cache_get(url, CACHE)
    if (found === null) await cache_update(url, `data ${number}`, TTL_SECONDS, CACHE)
    response.end(found ?? `data ${number}`)
  } else if (kind === 'count') {
    await cache_inc('requests', 1, 0, CACHE)
    response.end(String(await cache_num('requests', CACHE)))
  } else {
    response.end(String(process.pid))
  }
}
