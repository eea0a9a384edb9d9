/**
 * The program of a worker process: the channel to the master, and the end of the process.
 */

import cluster from 'node:cluster'
import { systemClock, UndercroftError } from '../base/index.ts'
import { type Notice, type Order, unwrapOrder, type WorkerTask, wrapMessage } from './messages.ts'
import { removeOwnedFile } from './owned-file.ts'
import { RunningWorker } from './worker.ts'

/** Time that requests may continue after the master is gone, which would otherwise limit it. */
const ORPHAN_LIMIT_MS = 4_000

let running: RunningWorker | undefined
let ownedFiles: WorkerTask['ownedFiles'] = []
let isEnding = false

// A terminal sends its signals to the workers as well, but the master decides when they end.
process.on('SIGINT', () => {})
process.on('SIGHUP', () => {})
process.on('SIGQUIT', () => {})
process.on('SIGTERM', () => void end())
process.on('message', message => {
  const order = unwrapOrder(message)
  if (order !== undefined) void obey(order)
})
process.on('disconnect', () => void endAsOrphan())
// Without this `node:cluster` ends the process as soon as the master is gone, in the middle of its
// requests: https://nodejs.org/api/cluster.html#workerexitedafterdisconnect
if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true
await notify({ kind: 'hello' })

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case 'start':
      return start(order.task)
    case 'drain':
      return end()
    case 'give-up':
      return running?.giveUp()
    case 'reopen-log':
      return running?.reopenLog()
    case 'stop':
      process.exit(0)
  }
}

async function start(task: WorkerTask): Promise<void> {
  ownedFiles = task.ownedFiles
  const startedAtMs = systemClock.elapsedMs()
  try {
    running = await RunningWorker.start(task, {
      onLog: line => process.stdout.write(`${line}\n`),
      onDone: () => notify({ kind: 'done' }),
    })
    notify({ kind: 'ready', loadMs: systemClock.elapsedMs() - startedAtMs })
  } catch (error) {
    // The master prints the message. Only this process knows the place in the application.
    const origin = error instanceof UndercroftError ? error.cause : error
    if (origin !== undefined && !isMissingModule(origin)) console.error(origin)
    await notify({ kind: 'failed', ...describeFailure(error) })
    process.exit(1)
  }
}

/** Finishes the requests in progress. The master kills a worker that takes too long. */
async function end(): Promise<void> {
  if (isEnding) return
  isEnding = true
  await running?.drain()
  process.exit(0)
}

async function endAsOrphan(): Promise<void> {
  setTimeout(() => process.exit(0), ORPHAN_LIMIT_MS)
  for (const file of ownedFiles) {
    try {
      removeOwnedFile(file)
    } catch {
      // The file remains, and the next start replaces it.
    }
  }
  running?.removeCaches()
  await end()
}

/** Resolves when the notice is sent, or at once if the master is gone. */
function notify(notice: Notice): Promise<void> {
  return new Promise(resolve => {
    if (process.connected) process.send?.(wrapMessage(notice), () => resolve())
    else resolve()
  })
}

/** The message names the missing module; the stack has only the module loader of Node.js. */
function isMissingModule(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return error.code === 'MODULE_NOT_FOUND' || error.code === 'ERR_MODULE_NOT_FOUND'
}

function describeFailure(error: unknown): { code: string | undefined; message: string } {
  if (error instanceof UndercroftError) return { code: error.code, message: error.message }
  return { code: undefined, message: error instanceof Error ? error.message : String(error) }
}
