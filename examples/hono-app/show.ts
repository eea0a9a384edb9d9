/**
 * The app without a server and without caches: Hono answers request objects directly.
 */

import app from './app.ts'

for (const path of ['/hello/Ada', '/hello/%3Cb%3E', '/nowhere']) {
  const response = await app.request(path)
  console.log(`${path}: ${response.status} ${await response.text()}`)
}
