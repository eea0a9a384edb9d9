/**
 * Prices from a slow shop: loaded once for all callers, and old ones while the shop is asked again
 * or is down.
 *
 *     node dist/examples/fresh-and-stale.js
 */

import { setTimeout as wait } from 'node:timers/promises'
import { Cache, type GetOrSetOptions } from 'undercroft'

const prices = Cache.open<string>({
  name: `prices-${process.pid}`, // use a plain 'prices' in your code
  maxItems: 1000,
  onError: error => console.log(`reported: ${error}`),
})

const OPTIONS: GetOrSetOptions = {
  ttlMs: 60_000, // fresh for a minute
  staleMs: 600_000, // then old values at once, while one process asks the shop
  tags: ['prices'],
}

let questions = 0
let isShopOpen = true

async function askShop(): Promise<string> {
  const question = ++questions
  await wait(20)
  if (!isShopOpen) throw new Error('the shop is closed')
  return `price ${question}`
}

const findPrice = (options = OPTIONS) => prices.getOrSet('tea', askShop, options)

const all = await Promise.all(Array.from({ length: 20 }, () => findPrice()))
console.log(`20 callers at once: ${all[0]}, ${questions} question`)

prices.deleteTag('prices', { soft: true }) // the prices change, and old ones may be used a while
console.log(`at once: ${await findPrice()}`)
while (!prices.has('tea')) await wait(5)
console.log(`after the refresh: ${await findPrice()}, ${questions} questions`)

isShopOpen = false
prices.deleteTag('prices', { soft: true })
const whenClosed = { ...OPTIONS, staleMs: 0, staleIfErrorMs: 600_000 }
console.log(`while the shop is closed: ${await findPrice(whenClosed)}`)

prices.deleteTag('prices') // from now on, no old price may be used
console.log(await findPrice(whenClosed).catch(error => `without an old price: ${error}`))
prices.destroy()
