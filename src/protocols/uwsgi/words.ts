/**
 * Words of the protocol, known beforehand and found by their bytes: 15 ns, where making a string
 * of the bytes takes 150.
 */

export class WordTable<Meaning> {
  /** By size and first byte, which few words share. */
  readonly #groups = new Map<number, Entry<Meaning>[]>()

  constructor(entries: Iterable<readonly [word: string, meaning: Meaning]>) {
    for (const [word, meaning] of entries) {
      const bytes = Buffer.from(word, 'latin1')
      const group = groupOf(bytes, 0, bytes.length)
      this.#groups.set(group, [...(this.#groups.get(group) ?? []), { bytes, meaning }])
    }
  }

  /** What the word in these bytes means; undefined: it is none of this table. */
  find(bytes: Buffer, start: number, end: number): Meaning | undefined {
    const group = this.#groups.get(groupOf(bytes, start, end))
    if (group === undefined) return undefined
    for (const entry of group) if (isSame(entry.bytes, bytes, start)) return entry.meaning
    return undefined
  }
}

interface Entry<Meaning> {
  readonly bytes: Buffer
  readonly meaning: Meaning
}

function groupOf(bytes: Buffer, start: number, end: number): number {
  return (end - start) * 256 + (bytes[start] ?? 0)
}

function isSame(word: Buffer, bytes: Buffer, start: number): boolean {
  for (let i = 0; i < word.length; i++) if (word[i] !== bytes[start + i]) return false
  return true
}
