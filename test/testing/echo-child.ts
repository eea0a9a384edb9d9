/**
 * The process that child.test.ts starts.
 */

import { answer } from '../../testing/child-side.ts'

export type Request =
  | { readonly kind: 'echo'; readonly bytes: Uint8Array }
  | { readonly kind: 'fail'; readonly message: string }
  | { readonly kind: 'hang' }

answer<Request, Uint8Array>(request => {
  if (request.kind === 'echo') return request.bytes
  if (request.kind === 'fail') throw new Error(request.message)
  return new Promise(() => {})
})
