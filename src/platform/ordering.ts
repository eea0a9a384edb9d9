/**
 * Keeping plain reads of shared memory before a later version check.
 *
 * x86-64 never reorders two loads. On arm64 a plain load may pass a later `Atomics.load`; a
 * store-release to a private word between them, followed by that load-acquire, forbids it.
 */

const needsBarrier = process.arch !== 'x64'
const privateWord = new Int32Array(1)

/** Call between the last plain read and the load that validates it. Free on x86-64. */
export function orderReads(): void {
  if (needsBarrier) Atomics.store(privateWord, 0, 0)
}
