/**
 * Suggests the known name that a misspelt one most likely means.
 */

/** Minimum length of a prefix. A shorter word begins too many names. */
const MIN_PREFIX_LENGTH = 3

/**
 * Returns the candidate with the fewest typing errors, unless even that one has too many; else the
 * only one that continues the word, as `ttlMs` continues `ttl`.
 */
export function findNearest(word: string, candidates: Iterable<string>): string | undefined {
  const all = [...candidates]
  return findLeastDistant(word, all) ?? findOnlyLonger(word, all)
}

function findOnlyLonger(word: string, candidates: readonly string[]): string | undefined {
  if (word.length < MIN_PREFIX_LENGTH) return undefined
  const longer = candidates.filter(candidate => candidate.startsWith(word))
  return longer.length === 1 ? longer[0] : undefined
}

function findLeastDistant(word: string, candidates: readonly string[]): string | undefined {
  let nearest: string | undefined
  // A word with up to a third of its letters wrong is a typing error. With more it is another word.
  let allowed = Math.max(1, Math.floor(word.length / 3))
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > allowed) continue
    const distance = editDistance(word, candidate)
    if (distance > allowed || (distance === allowed && nearest !== undefined)) continue
    nearest = candidate
    allowed = distance
  }
  return nearest
}

/** Returns `; did you mean "x"?`, or an empty string when no name is close. */
export function formatSuggestion(word: string, candidates: Iterable<string>): string {
  const nearest = findNearest(word, candidates)
  return nearest === undefined ? '' : `; did you mean "${nearest}"?`
}

/** Counts the insertions, deletions, replacements and swaps of neighbours between two words. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1] ? 0 : 1
      let best = Math.min(
        cell(last, column) + 1,
        cell(current, column - 1) + 1,
        cell(last, column - 1) + same,
      )
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      if (swapped && row > 1) best = Math.min(best, cell(beforeLast, column - 2) + 1)
      current.push(best)
    }
    beforeLast = last
    last = current
  }
  return cell(last, to.length)
}

function cell(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY
}
