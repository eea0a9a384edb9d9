/**
 * The application of the tests of `cachestore` with `lock`: counts who comes, and answers when the
 * test says so.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { cache_exists, cache_inc, cache_update } from '../../src/uwsgi/index.ts'
import { until } from '../../testing/deadline.ts'

/** The cache by which test and application speak. */
const TALK = 'talk'

let count = 0

export default async function answer(
  { url = '/' }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = `${process.pid} ${++count}`
  if (url.startsWith('/cookie')) response.setHeader('set-cookie', 'user=1')
  cache_update('asked', String(process.pid), 0, TALK)
  cache_inc(`calls ${url}`, 1, 0, TALK)
  await until('the test says go', () => response.destroyed || cache_exists('go', TALK) === true)
  response.end(body)
}
