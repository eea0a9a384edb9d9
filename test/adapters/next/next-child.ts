/** A second server of Next.js: calls both handlers as it does. */

import {
  type CacheComponentsHandler,
  createCacheComponentsHandler,
} from '../../../src/adapters/next/cache-components.ts'
import { type CacheHandler, createCacheHandler } from '../../../src/adapters/next/cache-handler.ts'
import type { CacheOptions } from '../../../src/index.ts'
import { answer } from '../../../testing/child-side.ts'

export type Task =
  | { kind: 'open'; options: CacheOptions; serverDistDir: string }
  | { kind: 'get page'; key: string }
  | { kind: 'get entry'; key: string }
  /** Renders what it misses, as slowly as the messages of the test. */
  | { kind: 'render'; key: string; html: string }
  | { kind: 'revalidate'; tag: string; expire?: number }
  | { kind: 'update'; tag: string }

let pages: CacheHandler | undefined
let entries: CacheComponentsHandler | undefined

/** Answers the HTML or the value; null for a miss. */
answer<Task, string | null>(async task => {
  if (task.kind === 'open') {
    pages = new (createCacheHandler(task.options))({ serverDistDir: task.serverDistDir })
    entries = createCacheComponentsHandler(task.options)
    return ''
  }
  const context = { kind: 'APP_PAGE' }
  switch (task.kind) {
    case 'get page':
      return htmlOf((await pages?.get(task.key, context))?.value)
    case 'get entry': {
      const found = await entries?.get(task.key, [])
      return found === undefined ? null : new Response(found.value).text()
    }
    case 'render':
      await pages?.set(task.key, { kind: 'APP_PAGE', html: task.html }, context)
      return ''
    case 'revalidate':
      await pages?.revalidateTag(task.tag, task.expire === undefined ? undefined : task)
      return ''
    case 'update':
      await entries?.updateTags([task.tag])
      return ''
  }
})

function htmlOf(value: unknown): string | null {
  return (value as { html: string } | undefined)?.html ?? null
}
