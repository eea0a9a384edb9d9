/**
 * Node's own text methods of Buffer, which its documentation leaves out.
 *
 * They are what `toString` and `write` call after looking at their arguments; at 100 bytes that
 * look is a third of the time. They exist on every Node we support, and a test holds that.
 */

export interface NativeText {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
  ucs2Slice(start: number, end: number): string
  /**
   * Returns the number of bytes written: whole characters only, as many as fit into `size`. In a
   * buffer over 4 GiB it must be given: Node 22 takes the rest of the buffer for it, overflows, and
   * writes nothing.
   */
  latin1Write(text: string, offset: number, size?: number): number
  utf8Write(text: string, offset: number, size?: number): number
  ucs2Write(text: string, offset: number, size?: number): number
}

export function nativeText(bytes: Buffer): NativeText {
  return bytes as Buffer & NativeText
}

/** Whether text has no lone surrogates. ES2024, so not in the type library we compile against. */
export function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed()
}
