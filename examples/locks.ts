/**
 * A lock for all processes together, and a resource that refuses a holder that was too slow.
 *
 *     node dist/examples/locks.js
 */

import { Cache, type CacheLock, UndercroftError } from 'undercroft'

const cache = Cache.open({
  name: `locks-${process.pid}`, // use a plain 'locks' in your code
  maxItems: 1000,
})

/** Stands for a database, which keeps the greatest fencing number that it has seen. */
const report = { writer: 'nobody', fencing: 0 }

function writeReport(writer: string, lock: CacheLock): void {
  if (lock.fencing < report.fencing) {
    console.log(`the report refuses ${writer}, because ${report.writer} has written since`)
    return
  }
  Object.assign(report, { writer, fencing: lock.fencing })
  console.log(`${writer} has written the report`)
}

// The first holder stands still for longer than its lock lasts.
const slow = await cache.lock('report', { ttlMs: 50 })
{
  using next = await cache.lock('report', { ttlMs: 60_000 }) // waits until then
  console.log(`the slow one holds the lock: ${slow.isHeld}`)
  console.log(`the next one holds the lock: ${next.isHeld}`)
  writeReport('the next one', next)
  writeReport('the slow one', slow)
  console.log(`the slow one releases a lock: ${slow.release()}`)
  try {
    await cache.lock('report', { ttlMs: 60_000, waitMs: 0 })
  } catch (error) {
    if (error instanceof UndercroftError) console.log(error.code)
  }
}
using again = await cache.lock('report', { ttlMs: 60_000, waitMs: 0 })
console.log(`after the end of the block the lock is free: ${again.isHeld}`)
cache.destroy()
