/**
 * Computes the two key hashes of uWSGI: the same 32 bits from the same bytes of a key.
 *
 * The engine needs them for caches that use them, and the server for dumps, which carry them. A
 * client that chooses keys can make these hashes collide.
 */

/** The default of uWSGI: times 33, exclusive or the byte, which its C code sign-extends. */
export function djb33xHash(bytes: Uint8Array, size: number): number {
  let hash = 5381
  for (let i = 0; i < size; i++) {
    hash = (Math.imul(hash, 33) ^ ((bytes[i] << 24) >> 24)) | 0
  }
  return hash
}

/**
 * MurmurHash2 with seed 0 and the fault of uWSGI: the bytes that fill no word are taken,
 * sign-extended, from the start of the key (docs/reference/uwsgi-faults.md, F35). This function
 * keeps the fault, because dumps carry these values.
 */
export function murmur2Hash(bytes: Uint8Array, size: number): number {
  const multiplier = 0x5bd1e995
  let hash = size
  const fullWords = size >> 2
  for (let i = 0; i < fullWords; i++) {
    const at = i * 4
    let word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
    word = Math.imul(word, multiplier)
    word ^= word >>> 24
    word = Math.imul(word, multiplier)
    hash = Math.imul(hash, multiplier) ^ word
  }
  const signed = (index: number): number => (bytes[index] << 24) >> 24
  const rest = size & 3
  if (rest === 3) hash ^= signed(2) << 16
  if (rest >= 2) hash ^= signed(1) << 8
  if (rest >= 1) hash = Math.imul(hash ^ signed(0), multiplier)
  hash ^= hash >>> 13
  hash = Math.imul(hash, multiplier)
  return hash ^ (hash >>> 15)
}
