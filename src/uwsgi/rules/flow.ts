/**
 * What rules, replies and turns say to each other: types that all of them share.
 */

export interface StatusLine {
  readonly statusCode: number
  /** Undefined: the usual words for the status. */
  readonly reason?: string | undefined
}

/**
 * What comes after an action: the next rule, the application, an end with whatever was produced, or
 * the rule of that number.
 */
export type Flow = 'next' | 'continue' | 'break' | number

/** A turn of the request that asks the application. */
export interface StoreTurn {
  /** The others go on; `isStorable` false: and do not wait the next time. Only the first counts. */
  end(isStorable: boolean): void
}
