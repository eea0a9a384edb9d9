/**
 * Opens a cache with the options in its arguments, fills it, and opens it once more. It writes the
 * outcome of each step to stdout, because it runs in surroundings that a test has spoiled.
 */

import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { Cache, type CacheOptions } from '../../src/index.ts'

interface Told {
  readonly options: CacheOptions
  /** Address space beyond what this process has now. */
  readonly spareSize?: number
  /** A file that takes room of the device until the cache has been filled once. */
  readonly filler?: string
  readonly fillerSize?: number
}

const { options, spareSize, filler, fillerSize } = JSON.parse(process.argv[2] ?? '') as Told

if (spareSize !== undefined) {
  const [, kilobytes] =
    /VmSize:\s+(\d+) kB/.exec(fs.readFileSync('/proc/self/status', 'utf8')) ?? []
  const limit = Number(kilobytes) * 1024 + spareSize
  execFileSync('prlimit', ['--pid', String(process.pid), `--as=${limit}`])
}

function attempt(what: string, act: () => unknown): void {
  try {
    console.log(`${what}: ${act()}`)
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    console.log(`${what}: ${code} ${message}`)
  }
}

function fill(cache: Cache): number {
  const value = Buffer.alloc(1000, 'v')
  const { maxItems } = cache.stats()
  for (let count = 0; count < maxItems; count++) cache.set(`key ${count}`, value)
  if (cache.has(`key ${maxItems - 1}`)) console.log('the last item is there')
  return cache.stats().items
}

if (filler !== undefined) fs.writeFileSync(filler, Buffer.alloc(fillerSize ?? 0))
attempt('opened', () => {
  const cache = Cache.open(options)
  const items = fill(cache)
  cache.close()
  return `${items} items`
})
if (filler !== undefined) {
  fs.rmSync(filler)
  attempt('filled again', () => {
    const cache = Cache.open(options)
    const items = fill(cache)
    cache.close()
    return `${items} items`
  })
}
attempt('opened again', () => {
  const cache = Cache.open(options)
  const { ok, items } = cache.verify()
  cache.close()
  return `${items} items, ${ok ? 'sound' : 'unsound'}`
})
