/**
 * A feature flag that one process changes and another one sees at once, without asking.
 *
 *     node dist/examples/events.js
 */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Cache } from 'undercroft'

const [, , role, name = `flags-${process.pid}`] = process.argv // use a plain 'flags' in your code
const flags = Cache.open<string>({ name, maxItems: 100, events: 10_000 })

if (role === 'operator') {
  flags.set('checkout', 'old')
  process.once('message', () => {
    flags.set('checkout', 'new')
    process.once('message', () => {
      flags.delete('checkout')
      process.disconnect()
    })
  })
} else {
  const operator = fork(fileURLToPath(import.meta.url), ['operator', name])
  const { promise, resolve } = deferred()
  flags.watch('checkout', value => {
    console.log(`the checkout is now: ${value ?? 'what it is by default'}`)
    if (value === undefined) resolve()
    else operator.send('next')
  })
  await Promise.all([promise, once(operator, 'exit')])
  flags.destroy()
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>(done => {
    resolve = done
  })
  return { promise, resolve }
}
