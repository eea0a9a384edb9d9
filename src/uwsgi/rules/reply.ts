/**
 * An answer that rules make themselves, as data.
 */

import type { StatusLine } from './flow.ts'
import type { OpenFile } from './open-file.ts'

export interface Reply extends StatusLine {
  /** Names and values by turns, as they are sent. */
  readonly headers: readonly string[]
  /** Content-Length follows the headers. */
  readonly hasLength: boolean
  readonly body: Buffer[]
  /** Instead of `body`. */
  readonly file?: OpenFile
  /** The connection ends with it. */
  readonly isLast?: true
  /** No header at all: the body's bytes are all that is sent, and the connection ends. */
  readonly isRaw?: true
  /**
   * Part of it counts as sent, as after uWSGI has written a body: no other answer can take its
   * place, and the application is not asked.
   */
  isBegun: boolean
}

/** What every reply has in common unless it says otherwise. */
export function newReply(status: StatusLine, headers: readonly string[]): Reply {
  const { statusCode, reason } = status
  return { statusCode, reason, headers, hasLength: false, body: [], isBegun: false }
}

/** A raw answer: bytes for the connection. */
export function rawReply(bytes: Buffer): Reply {
  return { ...newReply({ statusCode: 200 }, []), body: [bytes], isRaw: true, isBegun: true }
}

/** RFC 9110 section 8.6: a response with one of these has no body, and says nothing of one. */
export function allowsBody(statusCode: number): boolean {
  return statusCode >= 200 && statusCode !== 204 && statusCode !== 304
}
