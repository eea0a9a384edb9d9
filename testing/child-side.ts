/**
 * The script's side of child.ts: answer each message, one after the other, until told to stop.
 */

/** Sends a message to the test; for a script that speaks without being asked. */
export function sendToParent<Out>(message: Out): void {
  if (process.send === undefined) throw new Error('this script has to be forked by a test')
  process.send(message)
}

/**
 * Answers each message of the test. The next one is taken when the answer is ready, and the process
 * ends when the test disconnects, even if the test itself was killed.
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
