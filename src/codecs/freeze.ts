/**
 * Freezes values that several callers share.
 */

/**
 * Freezes plain objects and arrays, and those inside them. Other objects (dates, maps, bytes,
 * instances of classes) cannot be frozen in any useful way, and stay as they are.
 *
 * It is not recursive, as a value can be deeper than the stack, and passes what is frozen already,
 * as a codec can return circles.
 */
export function freezePlain(root: unknown): unknown {
  const waiting = [root]
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value !== 'object' || value === null || Object.isFrozen(value)) continue
    if (!isPlain(value)) continue
    Object.freeze(value)
    for (const part of Object.values(value)) if (typeof part === 'object') waiting.push(part)
  }
  return root
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null
}
