/**
 * Counting the open connections of each client address, so that one client cannot take all of them.
 */

/** How many connections each address has. Clients of Unix sockets are not counted. */
export class AddressCounts {
  readonly #max: number
  readonly #counts = new Map<string, number>()

  constructor(max: number) {
    this.#max = max
  }

  /** `address` is numeric; undefined or empty: the peer is gone, or uses a Unix socket. */
  hasRoom(address: string | undefined): boolean {
    return (this.#counts.get(clientOf(address)) ?? 0) < this.#max
  }

  /** @returns what counts the connection as closed; only its first call counts */
  add(address: string | undefined): () => void {
    const client = clientOf(address)
    if (client === '') return () => {}
    this.#counts.set(client, (this.#counts.get(client) ?? 0) + 1)
    let isOpen = true
    return () => {
      if (!isOpen) return
      isOpen = false
      const left = (this.#counts.get(client) ?? 1) - 1
      if (left === 0) this.#counts.delete(client)
      else this.#counts.set(client, left)
    }
  }
}

/** An IPv6 client has a whole network of 64 bits, so its addresses count together. */
function clientOf(address = ''): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '')
  if (!plain.includes(':')) return plain
  const [before = '', after = ''] = plain.split('%', 1)[0]?.split('::') ?? []
  const head = before.split(':').filter(part => part !== '')
  const tail = after.split(':').filter(part => part !== '')
  const zeros = plain.includes('::')
    ? Array.from({ length: 8 - head.length - tail.length }, () => '0')
    : []
  return [...head, ...zeros, ...tail].slice(0, 4).join(':')
}
