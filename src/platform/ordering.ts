/**
 * The order in which other processors see plain reads and writes of shared memory.
 *
 * x86-64 reorders neither two loads nor two stores, and V8 keeps typed array accesses in program
 * order; so there plain accesses are enough, and 20 ns cheaper each: Node 20 makes `Atomics.store`
 * a call with a full fence. A set has four of them: 310 ns instead of 385. Elsewhere (arm64) the
 * accesses below are load-acquire and store-release.
 */

const isOrdered = process.arch === 'x64'
const privateWord = new Int32Array(1)

/** What is read after this is not older. */
export function loadAcquire(words: Int32Array, index: number): number {
  return isOrdered ? words[index] : Atomics.load(words, index)
}

/** Who sees this sees all that was written before. */
export function storeRelease(words: Int32Array, index: number, value: number): void {
  if (isOrdered) words[index] = value
  else Atomics.store(words, index, value)
}

/**
 * What is written after this is seen after it. A store-release lets later stores pass; the
 * load-acquire behind it keeps them back.
 */
export function storeBefore(words: Int32Array, index: number, value: number): void {
  storeRelease(words, index, value)
  loadAcquire(words, index)
}

/**
 * Loads what tells whether everything read before is good. A plain load may pass a later
 * load-acquire, but not a store-release to a private word in between. Always atomic: a compiler
 * that loaded the word already must load it again.
 */
export function loadAfterReads(words: Int32Array, index: number): number {
  if (!isOrdered) Atomics.store(privateWord, 0, 0)
  return Atomics.load(words, index)
}
