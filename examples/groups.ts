/**
 * Pages that are made of the same data go together when the data changes.
 *
 *     node dist/examples/groups.js
 */

import { Cache } from 'undercroft'

const pages = Cache.open<string>({
  name: `pages-${process.pid}`, // use a plain 'pages' in your code
  maxItems: 1000,
})

let name = 'Ada'

const load = (path: string) =>
  pages.getOrSet(path, () => `${path}: written by ${name}`, { tags: ['user:7', `path:${path}`] })

for (const path of ['/articles', '/profile']) console.log(await load(path))

name = 'Ada Lovelace'
pages.deleteTag('user:7', { soft: true })
const old = pages.getEntry('/profile', { stale: true })
console.log(`while it is made again: ${old?.value}`)
for (const path of ['/articles', '/profile']) console.log(await load(path))
pages.destroy()
