/**
 * Which values JSON keeps exactly.
 *
 * Plain data becomes JSON: peers in any language can read it, and it decodes three times as fast as
 * V8's serialization (measured on an object of 91 bytes: 660 ns against 1990). Whatever JSON would
 * change (undefined, NaN, -0, Date, Map, holes, class instances, circles) is left to V8.
 */

/** Deeper values, and circles, are V8's business. */
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
  // Holes have no key; other properties have one too many.
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

/** JSON.stringify would ask it, enumerable or not, and store the answer instead. */
function hasJsonOfItsOwn(value: object): boolean {
  return typeof (value as { readonly toJSON?: unknown }).toJSON === 'function'
}
