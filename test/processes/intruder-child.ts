/**
 * Opens a cache in the directory that is this user's own by default. It writes the outcome to
 * stdout, because it runs as another user.
 */

import { Cache } from '../../src/index.ts'

try {
  const cache = Cache.open({ name: 'trap', maxItems: 10, memory: 'shared' })
  cache.set('key', 'value')
  console.log(`opened ${cache.get('key')}`)
  cache.close()
} catch (error) {
  console.log(`${error instanceof Error ? error.message : error} ${Object(error).code}`)
}
