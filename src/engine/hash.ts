/**
 * Key hashes: 32 bits from the key's bytes.
 *
 * `seeded` is the default. The other two are uWSGI's, value for value; they matter to dumps, and
 * whoever can choose keys can make them collide.
 */

/**
 * HalfSipHash-1-3: keyed, so that nobody without the seed can choose keys that collide; 4 ns more
 * than murmur3 on a key of 16 bytes. https://github.com/veorq/SipHash
 *
 * `words` are the key's bytes, padded with zeros to whole words.
 */
export function seededHash(
  words: Int32Array,
  size: number,
  seedLow: number,
  seedHigh: number,
): number {
  const fullWords = size >> 2
  let v0 = seedLow
  let v1 = seedHigh
  let v2 = SIP_2 ^ v0
  let v3 = SIP_3 ^ v1
  for (let i = 0; i < fullWords; i++) {
    const word = words[i] as number
    v3 ^= word
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    v0 ^= word
  }
  const rest = (size & 3) === 0 ? 0 : (words[fullWords] as number)
  const last = rest | (size << 24)
  v3 ^= last
  for (let round = 0; round < 4; round++) {
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    if (round > 0) continue
    v0 ^= last
    v2 ^= 0xff
  }
  return v1 ^ v3
}

/** What the third and fourth lane begin with, beside the seed. */
export const SIP_2 = 0x6c796765
export const SIP_3 = 0x74656462

/** uWSGI's default: times 33, exclusive or the byte, sign-extended as its C code does. */
export function djb33xHash(bytes: Uint8Array, size: number): number {
  let hash = 5381
  for (let i = 0; i < size; i++) {
    hash = (Math.imul(hash, 33) ^ (((bytes[i] as number) << 24) >> 24)) | 0
  }
  return hash
}

/**
 * MurmurHash2 with seed 0, with uWSGI's fault: the bytes that fill no word are taken,
 * sign-extended, from the start of the key. Kept, because dumps carry these values.
 */
export function murmur2Hash(bytes: Uint8Array, size: number): number {
  const multiplier = 0x5bd1e995
  let hash = size
  const fullWords = size >> 2
  for (let i = 0; i < fullWords; i++) {
    const at = i * 4
    let word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    word = Math.imul(word, multiplier)
    word ^= word >>> 24
    word = Math.imul(word, multiplier)
    hash = Math.imul(hash, multiplier) ^ word
  }
  const signed = (index: number): number => ((bytes[index] as number) << 24) >> 24
  const rest = size & 3
  if (rest === 3) hash ^= signed(2) << 16
  if (rest >= 2) hash ^= signed(1) << 8
  if (rest >= 1) hash = Math.imul(hash ^ signed(0), multiplier)
  hash ^= hash >>> 13
  hash = Math.imul(hash, multiplier)
  return hash ^ (hash >>> 15)
}
