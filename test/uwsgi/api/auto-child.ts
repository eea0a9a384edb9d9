/**
 * A process that uses the cache of `undercroft/auto` as the test instructs it.
 */

import { cache } from '../../../src/auto.ts'
import { opt } from '../../../src/uwsgi/index.ts'
import { answer } from '../../../testing/child-side.ts'

export type AutoRequest =
  | { readonly get: string }
  | { readonly set: string; readonly value: unknown }
  | { readonly option: string }

answer<AutoRequest, unknown>(request => {
  if ('set' in request) return cache.set(request.set, request.value)
  if ('get' in request) return cache.get(request.get)
  return opt[request.option]
})
