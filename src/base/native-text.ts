/**
 * Declares the text methods of Buffer that Node does not document.
 *
 * `toString` and `write` call these methods after they check their arguments. At 100 bytes that
 * check takes a third of the time. Every supported Node has these methods, and a test verifies it.
 */

export interface NativeText {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
  ucs2Slice(start: number, end: number): string
  /**
   * Writes as many whole characters as fit into `size`. A buffer over 4 GiB requires `size`:
   * without it Node 22 uses the size of the rest of the buffer, which overflows, and writes
   * nothing.
   *
   * @returns the number of bytes written
   */
  latin1Write(text: string, offset: number, size?: number): number
  utf8Write(text: string, offset: number, size?: number): number
  ucs2Write(text: string, offset: number, size?: number): number
}

export function nativeText(bytes: Buffer): NativeText {
  return bytes as Buffer & NativeText
}

/** @returns whether a string has no lone surrogates; the type library lacks this ES2024 method */
export function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed()
}
