/**
 * Decides whether near copies are worth their cost, from how often this process repeats its keys.
 *
 * A copy is worth its cost if its key is read again, so the first read of a key only leaves a mark.
 * If keys do not repeat, or if more keys repeat than fit, looking for copies costs time and saves
 * none. Then this process pauses its copies, and only keeps marks (3 ns a read).
 */

/** Reads without a near copy between two decisions. */
const WINDOW = 4096
/** Windows of a pause. Each pause in a row is twice as long as the one before, up to a limit. */
const FIRST_PAUSE = 2
const LONGEST_PAUSE = 128
const MIN_MARKS = 1024
const GROUP_SIZE = 4
const SKIP_ONE_OF = 8

export class NearWorth {
  isOn = true
  /** The owner of the copies sets this when a new copy finds no room. */
  isFull = false
  /** Reads from near copies in this window. The owner of the copies counts them. */
  hits = 0
  #readsLeft = WINDOW
  #repeats = 0
  #renewals = 0
  /** Renewals in windows that had few hits, since the last one that had many. */
  #renewalsInVain = 0
  #windowsToPause = 0
  #nextPause = FIRST_PAUSE
  /**
   * The keys that were read lately, by 16 bits of their hash, in groups of four. With a single
   * place, hot keys that share it overwrite each other's mark for ever: 2518 of 10,000 were never
   * kept.
   */
  readonly #marks: Uint16Array
  /** Masks a hash to the index of the first mark of a group. */
  readonly #mask: number
  #pushes = 0

  /** Makes twice as many marks as copies, so that most marks outlast a round over all keys. */
  constructor(maxItems: number) {
    let count = MIN_MARKS
    while (count < 2 * maxItems) count *= 2
    this.#marks = new Uint16Array(count)
    this.#mask = count - GROUP_SIZE
  }

  /**
   * Counts a read without a near copy.
   *
   * @returns true if this read began a pause of the copies
   */
  countRead(): boolean {
    if (--this.#readsLeft > 0) return false
    const wasOn = this.isOn
    this.#decide()
    this.hits = 0
    this.#repeats = 0
    this.#renewals = 0
    this.#readsLeft = WINDOW
    return wasOn && !this.isOn
  }

  /**
   * Marks a key as read.
   *
   * @returns whether the key was read lately; false during a pause
   */
  isRepeat(hash: number): boolean {
    const marks = this.#marks
    const at = hash & this.#mask
    const mark = (hash >>> 16) & 0xffff
    if (
      marks[at] !== mark &&
      marks[at + 1] !== mark &&
      marks[at + 2] !== mark &&
      marks[at + 3] !== mark
    ) {
      // If a group has too many hot keys, they would replace each other for ever, in the same
      // order. Skipping one of 8 breaks that order.
      const isFull = marks[at + 3] !== 0
      if (isFull && ++this.#pushes % SKIP_ONE_OF === 0) return false
      marks[at + 3] = marks[at + 2]
      marks[at + 2] = marks[at + 1]
      marks[at + 1] = marks[at]
      marks[at] = mark
      return false
    }
    this.#repeats++
    return this.isOn
  }

  /** Counts a copy whose item had changed. */
  countRenewal(): void {
    this.#renewals++
  }

  #decide(): void {
    if (!this.isOn) {
      if (--this.#windowsToPause <= 0 && this.#repeats > WINDOW / 2) this.isOn = true
      return
    }
    if (this.hits > WINDOW / 2) {
      this.#nextPause = FIRST_PAUSE
      this.#renewalsInVain = 0
    } else if (!this.#isRenewing() && (this.isFull || this.#repeats < WINDOW / 4)) {
      this.isOn = false
      this.isFull = false
      this.#renewalsInVain = 0
      this.#windowsToPause = this.#nextPause
      this.#nextPause = Math.min(2 * this.#nextPause, LONGEST_PAUSE)
    }
  }

  /** @returns whether many items changed at once, so that each needs a read to renew its copy */
  #isRenewing(): boolean {
    this.#renewalsInVain += this.#renewals
    return this.#renewals > WINDOW / 2 && this.#renewalsInVain <= this.#marks.length
  }
}
