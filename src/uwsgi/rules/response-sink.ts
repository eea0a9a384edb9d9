/**
 * Somebody who wants a copy of what the application answers: a cache, or a file.
 */

/** What is known of a response when its header is complete. */
export interface ResponseHead {
  readonly method: string
  readonly statusCode: number
  /** Of the response; empty: it has none of that name. In lower case where case means nothing. */
  readonly cacheControl: string
  readonly contentEncoding: string
  readonly contentType: string
  readonly hasSetCookie: boolean
  /** The request came with credentials. */
  readonly hasAuthorization: boolean
  /** The request came with cookies. */
  readonly hasCookie: boolean
}

export interface ResponseSink {
  /** Largest body it takes, in bytes; a longer one goes to the client only. 0: it needs none. */
  readonly maxBodySize: number
  wants(head: ResponseHead): boolean
  /**
   * The response is complete: its whole body, decoded from chunks; empty if `maxBodySize` is 0.
   * Called before the last bytes go to the client.
   */
  take(body: Buffer): void
  /** The body is longer than it takes. */
  miss?(): void
}
