/**
 * The script's side of child.ts: answers messages one after the other, until the test disconnects.
 */

/** Sends a message to the test that is not an answer. */
export function sendToParent<Out>(message: Out): void {
  if (process.send === undefined) throw new Error('a test must fork this script')
  process.send(message)
}

/**
 * Answers each message of the test, and takes the next one when the answer is ready. The process
 * ends when the test disconnects, even if the test was killed.
 */
export function answer<In, Out>(respond: (message: In) => Out | Promise<Out>): void {
  let last: Promise<void> = Promise.resolve()
  process.on('message', message => {
    last = last.then(async () => sendToParent(await respond(message as In))).catch(fail)
  })
  process.on('disconnect', () => process.exit())
}

function fail(failure: unknown): never {
  console.error(failure)
  process.exit(1)
}
