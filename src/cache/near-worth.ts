/**
 * Whether near copies are worth their cost to this process, decided from how its keys come back.
 *
 * A key is worth keeping when it is read again, so the first read only leaves a mark. Where keys do
 * not come back, or more come back than fit, looking for copies costs and gives nothing: then it is
 * left for a while, and only the marks go on (3 ns a read).
 */

/** Reads without a near copy between two decisions. */
const WINDOW = 4096
/** Windows to stay away after keeping was not worth it: doubled each time in a row, to a limit. */
const FIRST_PAUSE = 2
const LONGEST_PAUSE = 128
const MIN_MARKS = 1024
const GROUP_SIZE = 4
const SKIP_ONE_OF = 8

export class NearWorth {
  isOn = true
  /** Set by who keeps the copies, when one had to give way. */
  isFull = false
  /** Reads from near copies in this window; counted by who keeps them. */
  hits = 0
  #readsLeft = WINDOW
  #repeats = 0
  #renewals = 0
  /** Renewals in windows that had few hits, since the last one that had many. */
  #renewalsInVain = 0
  #windowsToPause = 0
  #nextPause = FIRST_PAUSE
  /**
   * Keys read lately, by 16 bits of their hash, in groups of four. With one place for each, hot
   * keys that share it overwrite each other's mark for ever: 2518 of 10,000 were never kept.
   */
  readonly #marks: Uint16Array
  /** Leads to the first mark of a group. */
  readonly #mask: number
  #pushes = 0

  /** Has twice as many marks as copies, so that most marks outlast a round over all keys. */
  constructor(maxItems: number) {
    let count = MIN_MARKS
    while (count < 2 * maxItems) count *= 2
    this.#marks = new Uint16Array(count)
    this.#mask = count - GROUP_SIZE
  }

  /** Counts a read without a near copy. True: it was just decided to keep none for now. */
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

  /** Whether this key was read lately; it was from now on. False while nothing is to be kept. */
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
      // More hot keys than places would push each other out in turns, if nothing broke the order.
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

  /** A copy was there, and its item had changed. */
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

  /** Many items changed at once: each is read once before its copy can be used again. */
  #isRenewing(): boolean {
    this.#renewalsInVain += this.#renewals
    return this.#renewals > WINDOW / 2 && this.#renewalsInVain <= this.#marks.length
  }
}
