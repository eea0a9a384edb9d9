/**
 * Lists of addresses and networks, and whether a peer is in one.
 */

import { BlockList, isIP } from 'node:net'
import { invalidOption } from '../base/index.ts'

/** Entries of one list; a peer is compared with each. */
const MAX_ENTRIES = 1024

/** Who may come; made from options like `10.0.0.7`, `10.0.0.0/8`, `fd00::/8`. */
export class AddressList {
  readonly #list = new BlockList()

  private constructor() {}

  /** Undefined: no list was given, and everybody may come. */
  static parse(name: string, given: unknown): AddressList | undefined {
    if (given === undefined) return undefined
    if (!Array.isArray(given) || given.length === 0 || given.length > MAX_ENTRIES) {
      throw invalidOption(name, `a list of 1 to ${MAX_ENTRIES} addresses`, given)
    }
    const list = new AddressList()
    for (const entry of given) list.#add(name, entry)
    return list
  }

  /** False also for what is no address, as of a peer that has gone already. */
  has(address: string | undefined): boolean {
    const [plain = ''] = (address ?? '').split('%', 1) // without the zone of a link-local one
    const version = isIP(plain)
    return version !== 0 && this.#list.check(plain, version === 6 ? 'ipv6' : 'ipv4')
  }

  #add(name: string, entry: unknown): void {
    const [, base = '', digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(String(entry)) ?? []
    const version = isIP(base)
    const family = version === 6 ? 'ipv6' : 'ipv4'
    const prefix = digits === undefined ? undefined : Number(digits)
    if (version === 0 || base.includes('%') || (prefix ?? 0) > (version === 6 ? 128 : 32)) {
      throw invalidOption(name, 'addresses like 10.0.0.7, 10.0.0.0/8 or fd00::/8', entry)
    }
    if (prefix === undefined) this.#list.addAddress(base, family)
    else this.#list.addSubnet(base, prefix, family)
  }
}
