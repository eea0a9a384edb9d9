/** A thread of the test application, which reports what it finds of the instance. */

import { parentPort, workerData } from 'node:worker_threads'
import { cache } from '../src/auto.ts'
import { Cache } from '../src/index.ts'
import { cache_get, cache_keys, cache_update, opt } from '../src/uwsgi/index.ts'

const key = String(workerData)
cache_update(`${key}-thread`, 'set by a thread')
const directory = opt.directory?.toString() ?? ''
using first = Cache.open({ name: 'first', directory })
const found = [cache_get(key)?.toString(), cache.shared, first.has(`${key}-thread`)]
parentPort?.postMessage(`${found.join(' ')} ${cache_keys('second').length}`)
