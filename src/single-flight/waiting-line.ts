/**
 * Lets the callers of this process wait in a line for each key, so that only the first caller of a
 * line looks at what other processes do.
 */

export class WaitingLine {
  readonly #maxWaiting: number
  /** The end of each line, which resolves when its last caller has left. */
  readonly #ends = new Map<string, Promise<void>>()
  #waiting = 0

  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting
  }

  /**
   * Waits until all earlier callers have left, and then runs `turn`. The caller leaves when `turn`
   * has ended.
   *
   * @returns the result of `turn`; undefined if the wait took too long, or if too many callers wait
   */
  async wait<T>(
    key: string,
    limitMs: number,
    turn: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    if (this.#waiting >= this.#maxWaiting) return undefined
    this.#waiting++
    let leave = () => {}
    const left = new Promise<void>(resolve => {
      leave = resolve
    })
    const before = this.#ends.get(key)
    const end = before === undefined ? left : before.then(() => left)
    this.#ends.set(key, end)
    try {
      if (before !== undefined && !(await endsWithin(before, limitMs))) return undefined
      return await turn()
    } finally {
      this.#waiting--
      leave()
      void end.then(() => {
        if (this.#ends.get(key) === end) this.#ends.delete(key)
      })
    }
  }
}

async function endsWithin(end: Promise<void>, limitMs: number): Promise<boolean> {
  if (limitMs <= 0) return false
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>(resolve => {
    timer = setTimeout(resolve, limitMs, false)
  })
  try {
    return await Promise.race([end.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
