/**
 * Prints which source files of this package one warm call passes through, and how many functions.
 *
 *     node build/tools/files-of-a-call.js set
 *
 * The number of files is what a reader has to open to follow the call. A file counts when one of
 * its functions runs during the measured call. V8's precise coverage finds the functions; a
 * function that V8 inlines still counts, because coverage turns the optimization off that would
 * hide it. Add a call of your own to `CALLS`.
 */

import { Session } from 'node:inspector/promises'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Cache } from '../src/index.ts'

/** One call to measure: `run` is called often to warm up, and then once under coverage. */
interface MeasuredCall {
  run(): unknown
  close(): unknown
}

const WARM_UP_CALLS = 200

/** Every call this tool knows, by the name to give on the command line. */
const CALLS: Readonly<Record<string, () => MeasuredCall | Promise<MeasuredCall>>> = {
  get: () => onCache(cache => cache.get('key')),
  'get-shared': () => onCache(cache => cache.get('key'), false),
  set: () => onCache(cache => cache.set('key', VALUE)),
  'set-ttl': () => onCache(cache => cache.set('key', VALUE, { ttlMs: 60_000 })),
  has: () => onCache(cache => cache.has('key')),
  increment: () => onCache(cache => cache.increment('counter')),
}

const VALUE = 'x'.repeat(100)
const SOURCES = fileURLToPath(new URL('../src/', import.meta.url))

function onCache(run: (cache: Cache) => unknown, near?: false): MeasuredCall {
  const name = `files-of-a-call-${process.pid}`
  const cache = Cache.open({ name, maxItems: 100, ...(near === false ? { near } : {}) })
  cache.set('key', VALUE)
  return { run: () => run(cache), close: () => cache.destroy() }
}

/** The functions that ran, by the file they are in. */
async function functionsOf(call: MeasuredCall): Promise<Map<string, string[]>> {
  for (let i = 0; i < WARM_UP_CALLS; i++) await call.run()
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  await call.run()
  const { result } = await session.post('Profiler.takePreciseCoverage')
  session.disconnect()
  const byFile = new Map<string, string[]>()
  for (const { url, functions } of result) {
    if (!url.startsWith('file:')) continue
    const file = relative(SOURCES, fileURLToPath(url))
    if (file.startsWith('..')) continue
    const names = functions
      .filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0)
      .map(({ functionName }) => functionName || '(anonymous)')
    if (names.length > 0) byFile.set(file, names)
  }
  return byFile
}

const [name = ''] = process.argv.slice(2)
const prepare = CALLS[name]
if (prepare === undefined) {
  console.error(`usage: node build/tools/files-of-a-call.js ${Object.keys(CALLS).join(' | ')}`)
  process.exitCode = 2
} else {
  const call = await prepare()
  const byFile = await functionsOf(call)
  await call.close()
  const functionCount = [...byFile.values()].reduce((sum, names) => sum + names.length, 0)
  for (const [file, names] of byFile) console.log(`${file}  ${names.join(', ')}`)
  console.log(`${name}: ${byFile.size} files, ${functionCount} functions`)
}
