/** Waiting for something to become true, by events of the loop, with a limit. */

const LIMIT_MS = 5000

export async function until(what: string, isTrue: () => boolean): Promise<void> {
  const start = performance.now()
  while (!isTrue()) {
    if (performance.now() - start > LIMIT_MS) throw new Error(`it never came true that ${what}`)
    await new Promise(resolve => setImmediate(resolve))
  }
}
