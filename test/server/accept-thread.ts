/**
 * A thread that serves until it is terminated, for accept.test.ts.
 */

import { parentPort } from 'node:worker_threads'
import { serveCaches } from '../../src/server/index.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'

const cache = openTestCache({ name: 'first' })
cache.set('k', Buffer.from('value'))
const server = await serveCaches([cache], { listen: '127.0.0.1:0' })
parentPort?.postMessage(server.addresses[0])
