/**
 * `undercroft watch`: prints the events of a cache until it is stopped.
 */

import { UndercroftError } from '../../base/index.ts'
import type { CacheEventName, CacheEvents } from '../../cache/index.ts'
import type { CommandEnvironment, CommandTarget } from '../environment.ts'
import { EXIT } from '../output.ts'
import { namedCacheCommand, withTarget } from './command.ts'

/** Lines that may wait for a slow reader. Events beyond are counted as a gap. */
const MAX_LINES = 10_000

const NAMES: { readonly [E in CacheEventName]: (event: CacheEvents[E]) => string } = {
  set: ({ key }) => key,
  delete: ({ key }) => key,
  expire: ({ key }) => key,
  evict: ({ key }) => key,
  clear: ({ prefix, full }) => (full ? 'because the cache was full' : prefix),
  invalidate: ({ tag, soft }) => (soft ? `${tag} softly` : tag),
  gap: ({ missed }) => (missed === undefined ? 'after a crash' : `${missed} missed`),
}

export const WATCH = namedCacheCommand({
  act: context =>
    withTarget(context, async target => {
      const [, prefix = ''] = context.words
      const printer = new Printer(context.environment, context.isJson)
      for (const name of Object.keys(NAMES) as CacheEventName[]) {
        listenTo(target, context.cacheText, name, event => {
          if (!('key' in event) || event.key.startsWith(prefix)) printer.print(name, event)
        })
      }
      await Promise.race([context.environment.untilStopped(), printer.outputClosed])
      return EXIT.done
    }),
})

function listenTo<E extends CacheEventName>(
  target: CommandTarget,
  cacheText: string,
  name: E,
  listener: (event: CacheEvents[E]) => void,
): void {
  if (target.on === undefined) {
    throw new UndercroftError(
      'UNDERCROFT_NO_EVENTS',
      `${cacheText} is on a server; run undercroft watch on the machine of the cache`,
    )
  }
  target.on(name, listener, { keepAlive: true })
}

/** Prints lines in order, without making the events wait for a slow reader. */
class Printer {
  /** Resolves when a line cannot be printed, because nothing reads the output any more. */
  readonly outputClosed: Promise<void>
  readonly #environment: CommandEnvironment
  readonly #isJson: boolean
  #lines: string[] = []
  #missed = 0
  #isWriting = false
  #closed: () => void = () => {}

  constructor(environment: CommandEnvironment, isJson: boolean) {
    this.#environment = environment
    this.#isJson = isJson
    this.outputClosed = new Promise(resolve => {
      this.#closed = resolve
    })
  }

  print<E extends CacheEventName>(name: E, event: CacheEvents[E]): void {
    if (this.#lines.length >= MAX_LINES) {
      this.#missed += name === 'gap' ? ((event as CacheEvents['gap']).missed ?? 1) : 1
      return
    }
    this.#lines.push(this.#format(name, event))
    if (!this.#isWriting) void this.#write()
  }

  async #write(): Promise<void> {
    const { stdout, topHost } = this.#environment
    this.#isWriting = true
    while (this.#lines.length > 0) {
      const text = this.#lines.join('')
      this.#lines = []
      await stdout.write(text)
      if (!topHost.isOutputOpen()) this.#closed()
      if (this.#missed > 0) this.#lines.push(this.#format('gap', { missed: this.#missed }))
      this.#missed = 0
    }
    this.#isWriting = false
  }

  #format<E extends CacheEventName>(name: E, event: CacheEvents[E]): string {
    if (this.#isJson) return `${JSON.stringify({ event: name, ...event })}\n`
    return `${[name, NAMES[name](event)].join(' ').trimEnd()}\n`
  }
}
