/**
 * A process that serves, for accept.test.ts. It runs the commands of the test, and reports each.
 */

import { closeSync, openSync } from 'node:fs'
import { type CacheServer, serveCaches } from '../../src/server/index.ts'
import { sendToParent } from '../../testing/child-side.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'

export type AcceptTask =
  | { readonly kind: 'serve'; readonly socketPath: string }
  | { readonly kind: 'take all descriptors' }
  | { readonly kind: 'give descriptors back' }
  /** The server, the cache, and the channel to the test. */
  | { readonly kind: 'close' }
  | { readonly kind: 'exit'; readonly code: number }

/** What was done, or the message of an error that the server reported. */
export type AcceptReport = { readonly done: string } | { readonly failure: string }

const cache = openTestCache({ name: 'first' })
cache.set('k', Buffer.from('value'))
const taken: number[] = []
let server: CacheServer | undefined

process.on('message', async message => {
  const done = await run(message as AcceptTask)
  if (process.connected) sendToParent<AcceptReport>({ done })
})

async function run(task: AcceptTask): Promise<string> {
  switch (task.kind) {
    case 'serve':
      server = await serveCaches([cache], {
        listen: task.socketPath,
        onError: ({ message }) => sendToParent<AcceptReport>({ failure: message }),
      })
      return server.addresses[0] ?? ''
    case 'take all descriptors':
      takeDescriptors()
      return String(taken.length)
    case 'give descriptors back':
      for (const descriptor of taken.splice(0)) closeSync(descriptor)
      return 'given back'
    case 'close':
      await server?.close()
      cache.close()
      process.disconnect()
      return 'closed'
    case 'exit':
      process.exit(task.code)
  }
}

function takeDescriptors(): void {
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EMFILE') throw error
  }
}
