/**
 * `undercroft/auto`: a cache that needs no options, shared where there is one to share.
 */

import { AutoCache } from './uwsgi/api/index.ts'

export { AutoCache as Cache } from './uwsgi/api/index.ts'

/**
 * The default cache of this machine, or private memory where there is none.
 *
 * @example
 * cache.set('greeting', { text: 'hello' })
 * cache.get('greeting') // { text: 'hello' }; null if there is nothing
 * cache.set('greeting', null) // deletes
 */
export const cache = new AutoCache()
