/**
 * Recognizes plain data, which JSON keeps exactly.
 *
 * Plain data is stored as JSON. Peers in any language can read JSON, and it decodes three times as
 * fast as V8's serialization (660 ns against 1990 for an object of 91 bytes). V8 serializes all
 * values that JSON would change: undefined, NaN, -0, Date, Map, holes, class instances, circles.
 */

/** Maximum depth of plain data. V8 serializes deeper values, and circles. */
const DEPTH_LIMIT = 64

export function isPlainData(value: unknown, depth = 0): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
    case 'object':
      if (value === null) return true
      if (depth >= DEPTH_LIMIT) return false
      return Array.isArray(value) ? isPlainArray(value, depth) : isPlainObject(value, depth)
    default:
      return false
  }
}

function isPlainArray(value: readonly unknown[], depth: number): boolean {
  if (hasJsonOfItsOwn(value)) return false
  if (Object.getPrototypeOf(value) !== Array.prototype) return false
  // A hole has no key, and each additional property has one.
  if (Object.keys(value).length !== value.length) return false
  for (let i = 0; i < value.length; i++) {
    if (!isPlainData(value[i], depth + 1)) return false
  }
  return true
}

function isPlainObject(value: object, depth: number): boolean {
  if (Object.getPrototypeOf(value) !== Object.prototype) return false
  if (hasJsonOfItsOwn(value)) return false
  const fields = value as Record<string, unknown>
  for (const name of Object.keys(value)) {
    if (!isPlainData(fields[name], depth + 1)) return false
  }
  return true
}

/** @returns whether JSON.stringify would call `toJSON`, enumerable or not, and encode its result */
function hasJsonOfItsOwn(value: object): boolean {
  return typeof (value as { readonly toJSON?: unknown }).toJSON === 'function'
}
