/**
 * A destination for a copy of the application's response: a cache, or a file.
 */

/** What is known of a response when its header is complete. */
export interface ResponseHead {
  readonly method: string
  readonly statusCode: number
  /** Fields of the response; empty if it has none of that name. */
  readonly cacheControl: string
  /** In lower case. */
  readonly contentEncoding: string
  readonly contentType: string
  readonly hasSetCookie: boolean
  /** The request came with credentials. */
  readonly hasAuthorization: boolean
  /** The request came with cookies. */
  readonly hasCookie: boolean
}

export interface ResponseSink {
  /** Largest body to take, in bytes; a longer one goes only to the client. 0: none is needed. */
  readonly maxBodySize: number
  wants(head: ResponseHead): boolean
  /**
   * Takes a complete response: its whole body without chunk sizes, or nothing if `maxBodySize` is
   * 0. Called before the last bytes go to the client.
   */
  take(body: Buffer): void
  /** The body was not copied, because it is too long. */
  miss?(): void
}
