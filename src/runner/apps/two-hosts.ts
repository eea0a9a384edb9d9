/**
 * RFC 9112, section 3.2: a request with more than one Host field is answered with 400. Node.js
 * itself would use the first field, and a proxy in front may have used another.
 */

/**
 * Returns whether there is more than one Host field. `rawHeaders` alternates names and values; the
 * length rules out nearly every other name.
 */
export function hasTwoHosts(rawHeaders: readonly string[]): boolean {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]
    if (name.length === 4 && name.toLowerCase() === 'host') count++
  }
  return count > 1
}
