/**
 * The thread of the watchdog in watchdog.ts.
 */

import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import { COUNT, HEAD_SIZE, SIZE, type Watched } from './watchdog.ts'

const LOOK_MS = 250
const STDERR = 2

const { shared, label, hangCpuMs } = workerData as Watched
const words = new Int32Array(shared, 0, HEAD_SIZE / 4)
const bytes = Buffer.from(shared, HEAD_SIZE)
let seen = -1
let sinceCpuMs = 0

setInterval(() => {
  const count = Atomics.load(words, COUNT)
  const { user, system } = process.cpuUsage()
  const cpuMs = (user + system) / 1000
  if (count !== seen) {
    seen = count
    sinceCpuMs = cpuMs
  } else if (cpuMs - sinceCpuMs > hangCpuMs) {
    const input = bytes.subarray(0, words[SIZE]).toString('hex')
    writeSync(STDERR, `${label}, input ${input}: the target hangs\n`)
    process.kill(process.pid, 'SIGKILL') // no other signal ends a hanging thread
  }
}, LOOK_MS)
