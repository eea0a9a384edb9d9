/**
 * Whether an address is within a network, for the conditions `ipv4in` and `ipv6in`.
 */

/** `10.0.0.7` in `10.0.0.0/8`; without a prefix the address itself. False: one is none. */
export function isInNetwork(address: string, network: string, version: 4 | 6): boolean {
  const parse = version === 4 ? parseIpv4 : parseIpv6
  const size = version === 4 ? 32 : 128
  const [base = '', prefix] = network.split('/', 2)
  const prefixSize = prefix === undefined ? size : parsePrefix(prefix, size)
  const left = parse(address)
  const right = parse(base)
  if (left === undefined || right === undefined || prefixSize === undefined) return false
  const shift = BigInt(size - prefixSize)
  return left >> shift === right >> shift
}

function parsePrefix(text: string, max: number): number | undefined {
  const size = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN
  return size <= max ? size : undefined
}

function parseIpv4(text: string): bigint | undefined {
  const found = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (found === null) return undefined
  const bytes = found.slice(1).map(Number)
  if (bytes.some(byte => byte > 255)) return undefined
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

/** Longer than any address in any form. */
const MAX_IPV6_SIZE = 45

/** RFC 4291 section 2.2, all three forms. */
function parseIpv6(text: string): bigint | undefined {
  if (text.length > MAX_IPV6_SIZE) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map(half => parseWords(half))
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const words = [...head, ...Array<bigint>(missing).fill(0n), ...(tail ?? [])]
  return words.reduce((value, word) => (value << 16n) | word, 0n)
}

/** Words between colons; the last two may be written as an IPv4 address. */
function parseWords(text: string): bigint[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const words: bigint[] = []
  for (const [index, part] of parts.entries()) {
    const ipv4 = index === parts.length - 1 ? parseIpv4(part) : undefined
    if (ipv4 !== undefined) words.push(ipv4 >> 16n, ipv4 & 0xffffn)
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) words.push(BigInt(`0x${part}`))
    else return undefined
  }
  return words
}
