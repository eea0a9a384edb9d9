/**
 * Bodies of Fetch responses, copied while they go to the client, or without a client.
 */

import type { BodyCopy } from './body-copy.ts'

/** Whether a body lacks the coding that its header names. */
export type DecodedCheck = (body: Buffer) => Promise<boolean>

/**
 * The same bytes for the client. While they are copied they are read as fast as they come, so that
 * a slow client holds up only itself; after that, as fast as the client takes them.
 */
export function copyStream(
  body: ReadableStream<Uint8Array>,
  copy: BodyCopy,
  isDecoded: DecodedCheck,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let wake: () => void = () => {}
  let isCancelled = false
  async function pump(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    while (!isCancelled) {
      if (!copy.isCopying && (controller.desiredSize ?? 0) <= 0) {
        await new Promise<void>(resolve => {
          wake = resolve
        })
        continue
      }
      const { done, value } = await reader.read()
      if (isCancelled) return
      if (done) {
        await copy.finish(isDecoded) // before the client has the end: its next request is a hit
        controller.close()
        return
      }
      copy.add(value)
      controller.enqueue(value)
    }
  }
  return new ReadableStream({
    start(controller) {
      pump(controller).catch(async error => {
        await copy.fail()
        controller.error(error)
      })
    },
    pull: () => wake(),
    async cancel(reason) {
      isCancelled = true
      wake()
      await copy.fail()
      await reader.cancel(reason)
    },
  })
}

/** For nobody but the cache. Fails as the body does. */
export async function copyWhole(
  body: ReadableStream<Uint8Array> | null,
  copy: BodyCopy,
  isDecoded: DecodedCheck,
): Promise<void> {
  try {
    // Leaving the loop cancels the body.
    for await (const chunk of body ?? []) {
      copy.add(chunk)
      if (!copy.isCopying) return
    }
    await copy.finish(isDecoded)
  } finally {
    await copy.fail() // after `finish` there is nothing to fail
  }
}
