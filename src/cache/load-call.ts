/**
 * One call of a caller's `load`: what the function is given, what it decides, and how long it may
 * take.
 */

import {
  type Awaitable,
  type CacheKey,
  describe,
  invalidOption,
  requireDuration,
  UndercroftError,
} from '../base/index.ts'

/** What `loadMany` is given, for all values that it loads. */
export interface LoadManyContext {
  /** Aborted when the load exceeds `timeoutMs`, or when the cache is closed. */
  readonly signal: AbortSignal
  /** Sets the TTL of what is loaded, in place of `ttlMs` and `negativeTtlMs`. No jitter applies. */
  readonly setTtl: (ttlMs: number) => void
  /** Sets the tags of what is loaded, in place of `tags`. */
  readonly setTags: (tags: readonly string[]) => void
  /** Returns what is loaded to its callers without storing it. An old value stays. */
  readonly skip: () => void
}

/** What `load` is given. */
export interface LoadContext<V> extends LoadManyContext {
  /** The old value, if the cache still keeps it. */
  readonly staleValue: V | undefined
}

export class LoadCall {
  readonly context: LoadContext<unknown>
  /** Undefined unless `load` decided it. */
  ttlMs: number | undefined
  tags: readonly string[] | undefined
  isSkipped = false
  /** Made when a load asks for its signal: it takes longer than all else of a fast load. */
  #aborter: AbortController | undefined
  #abortReason: unknown
  #reject: (reason: unknown) => void = () => {}

  constructor(staleValue: unknown) {
    const signalOf = () => this.#signal
    // Functions that need no `this`, because callers take the object apart.
    this.context = {
      get signal() {
        return signalOf()
      },
      staleValue,
      setTtl: ttlMs => {
        this.ttlMs = requireDuration('the argument of setTtl', ttlMs)
      },
      setTags: tags => {
        if (!Array.isArray(tags)) throw invalidOption('the argument of setTags', 'an array', tags)
        this.tags = tags
      },
      skip: () => {
        this.isSkipped = true
      },
    }
  }

  /**
   * Calls `load`, and rejects at once when the call is aborted, whether or not `load` ends.
   *
   * @param isBackground - whether no caller waits, so that the process may end meanwhile
   */
  async run(
    key: CacheKey,
    load: (context: LoadContext<unknown>) => Awaitable<unknown>,
    timeoutMs: number,
    isBackground: boolean,
  ): Promise<unknown> {
    const aborted = new Promise<never>((_, reject) => {
      this.#reject = reject
    })
    const timer = setTimeout(() => this.abort(loadTimeout(key, timeoutMs)), timeoutMs)
    if (isBackground) timer.unref()
    const loaded = (async () => load(this.context))()
    try {
      return await Promise.race([loaded, aborted])
    } finally {
      clearTimeout(timer)
    }
  }

  abort(reason: unknown): void {
    this.#abortReason = reason
    this.#aborter?.abort(reason)
    this.#reject(reason)
  }

  get #signal(): AbortSignal {
    if (this.#aborter === undefined) {
      this.#aborter = new AbortController()
      if (this.#abortReason !== undefined) this.#aborter.abort(this.#abortReason)
    }
    return this.#aborter.signal
  }
}

function loadTimeout(key: CacheKey, timeoutMs: number): UndercroftError {
  return new UndercroftError(
    'UNDERCROFT_LOAD_TIMEOUT',
    `the load of ${describe(key)} exceeds timeoutMs, ${timeoutMs} ms. Its signal was aborted: ` +
      'pass it on to what the load waits for, or allow more time',
  )
}
