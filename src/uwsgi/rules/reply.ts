/**
 * A response that rules make themselves, as data.
 */

import type { OpenFile } from './open-file.ts'

export interface StatusLine {
  readonly statusCode: number
  /** Undefined: the standard reason phrase of the status. */
  readonly reason?: string | undefined
}

export interface Reply extends StatusLine {
  /** Names and values, alternately, as they are sent. */
  readonly headers: readonly string[]
  /** Content-Length follows the headers. */
  readonly hasLength: boolean
  readonly body: Buffer[]
  /** Sent instead of `body`. */
  readonly file?: OpenFile
  /** The connection ends after this reply. */
  readonly isLast?: true
  /** The bytes of the body are sent without a header, and the connection ends. */
  readonly isRaw?: true
  /**
   * Part of the reply counts as sent, as after uWSGI has written a body: no other reply can replace
   * it, and the application is not asked.
   */
  isBegun: boolean
}

/** A reply with the values that most replies have. */
export function newReply(status: StatusLine, headers: readonly string[]): Reply {
  const { statusCode, reason } = status
  return { statusCode, reason, headers, hasLength: false, body: [], isBegun: false }
}

/** A raw reply: bytes for the connection. */
export function rawReply(bytes: Buffer): Reply {
  return { ...newReply({ statusCode: 200 }, []), body: [bytes], isRaw: true, isBegun: true }
}

/** RFC 9110 section 8.6: a response with one of these statuses has neither body nor length. */
export function allowsBody(statusCode: number): boolean {
  return statusCode >= 200 && statusCode !== 204 && statusCode !== 304
}
