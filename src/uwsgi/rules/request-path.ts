/**
 * PATH_INFO of a request target, as uWSGI makes it (2.0.21, core/utils.c, http_url_decode4): dot
 * segments go, then percent signs are decoded, and a `#` ends it. One character a byte.
 */

/** A target without these is its own path; nearly all are. */
const NEEDS_WORK = /[%#]|\/\.|^[^/]/

export function decodePath(url: string): string {
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  return NEEDS_WORK.test(path) ? decode(path) : path
}

function decode(path: string): string {
  const [visible = ''] = path.split('#', 1)
  return removeDotSegments(visible).replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
}

/** Segments as the client wrote them: `%2e%2e` is a name, and decoded afterwards. */
function removeDotSegments(path: string): string {
  const kept: string[] = []
  const segments = path.split('/')
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1
    if (segment === '..') {
      if (kept.length > 1) kept.pop()
    } else if (segment !== '.') {
      kept.push(segment)
      continue
    }
    // A path that ends in a dot segment names a directory.
    if (isLast) kept.push('')
  }
  return kept.join('/')
}
