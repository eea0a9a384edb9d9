/**
 * Key hashes: 32 bits computed from the key's bytes.
 *
 * `seeded` is the default. The other two hashes are those of uWSGI.
 */

/**
 * HalfSipHash-1-3, a keyed hash: an attacker without the seed cannot choose keys that collide. It
 * takes 4 ns more than murmur3 on a key of 16 bytes. https://github.com/veorq/SipHash
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
    const word = words[i]
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
  const rest = (size & 3) === 0 ? 0 : words[fullWords]
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

/** The initial values of the third and fourth lanes, before the seed is mixed in. */
export const SIP_2 = 0x6c796765
export const SIP_3 = 0x74656462

export { djb33xHash, murmur2Hash } from '../base/index.ts'
