/**
 * Namespaces: the data of each tenant is cleared on its own, in constant time.
 *
 *     node dist/examples/namespaces.js
 */

import { Cache } from 'undercroft'

const cache = Cache.open({
  name: `tenants-${process.pid}`, // use a plain 'tenants' in your code
  maxItems: 10_000,
})

for (const id of [4, 5]) {
  const tenant = cache.namespace(`tenant:${id}`)
  tenant.set('plan', 'small')
  const pages = tenant.namespace<string>('pages')
  for (let page = 1; page <= 1000; page++) pages.set(`/${page}`, `<h1>page ${page}</h1>`)
}

const first = cache.namespace('tenant:4')
const pages = first.namespace<string>('pages')
console.log(`page 7: ${pages.get('/7')}`)

pages.clear()
console.log(`after clearing the pages: ${[...first.keys()].length} item`)

first.clear()
console.log(`after clearing the tenant: ${[...first.keys()].length} items`)
console.log(`the other tenant: ${[...cache.namespace('tenant:5').keys()].length} items`)
cache.destroy()
