/**
 * The tags of a page: those that its response names, and those of its place, by which it is purged
 * by path or by prefix.
 *
 * A place is a path, or a prefix that ends with a slash, on one host or on all. Each place is given
 * one of a fixed number of tags, by a hash. With a tag of its own for each path, clients could ask
 * for so many paths that tags lose their place in the cache's table, and their pages with them. The
 * price: a purge takes the pages of other places with it that share the tag by chance.
 *
 * A page whose tags do not fit has one that is deleted more often. So a purge never misses a page.
 */

import { createHash } from 'node:crypto'
import type { HeaderField } from '../http-message/index.ts'

/** Response fields with tags, of Cloudflare, Fastly, Varnish and Drupal. */
export const TAG_FIELDS = ['cache-tag', 'surrogate-key', 'xkey', 'cache-tags']

/** Commas in Cache-Tag, spaces in the others; Drupal's purger for Varnish joins tags by `|`. */
const SEPARATORS = /[\s,|]+/

/** With those of the place, at most 64, which is the most that an item of the cache may have. */
const MAX_RESPONSE_TAGS = 40
/** The tag of pages that name more tags than that. Each deletion of a tag deletes it as well. */
const MANY = '\u0001many'

/** Tags are at most 255 bytes long. A longer one is replaced by its digest. */
const MAX_TAG_SIZE = 255

/** Deeper directories share the tag of their ancestor at this depth; `/` is the first. */
const MAX_DEPTH = 6

/** One in so many tags of the cache's table is that of a place, so that hardly any get lost. */
const TAGS_A_PLACE = 8

/** Where pages are: on this host, or on all of them. */
interface Place {
  readonly host: string | undefined
  /** A path; a prefix ends with `*`. */
  readonly path: string
}

/** @returns the tags that the fields name, each once; undefined if there is no such field */
export function responseTags(fields: readonly HeaderField[]): readonly string[] | undefined {
  const lists = fields.filter(([name]) => TAG_FIELDS.includes(name)).map(([, value]) => value)
  return lists.length === 0 ? undefined : parseTags(lists.join(' '))
}

/** @returns the tags of a list, each once */
export function parseTags(list: string): string[] {
  return [...new Set(list.split(SEPARATORS).filter(tag => tag !== ''))]
}

/** Converts tags and places to the tags of a cache. */
export class PageTags {
  readonly #placeTagCount: number

  /** @param maxTags - the tags that the cache can tell apart */
  constructor(maxTags: number) {
    this.#placeTagCount = Math.max(1, Math.floor(maxTags / TAGS_A_PLACE))
  }

  /**
   * @param hosts - those by which clients reach the page
   * @param named - the tags that its response names
   * @returns the tags to store a page with
   */
  ofPage(path: string, hosts: readonly string[], named: readonly string[]): string[] {
    const tags = new Set(named.length > MAX_RESPONSE_TAGS ? [MANY] : named.map(fittingTag))
    const paths = [decodePath(path), ...prefixesOf(decodePath(path))]
    for (const host of [undefined, ...hosts]) {
      for (const at of paths) tags.add(this.#placeTag({ host, path: at }))
    }
    return [...tags]
  }

  /** @returns the tags to delete so that no page is left that names this tag */
  ofTag(tag: string): string[] {
    return [fittingTag(tag), MANY]
  }

  /** @returns the tag to delete so that no page of this path is left */
  ofPath(path: string, host: string | undefined): string {
    return this.#placeTag({ host, path: decodePath(path) })
  }

  /** @returns the tag to delete so that no page is left whose path begins with this one */
  ofPrefix(prefix: string, host: string | undefined): string {
    // Of a prefix that does not end with a slash, the directory that it is in.
    const path = prefixesOf(decodePath(prefix)).at(-1) ?? '/*'
    return this.#placeTag({ host, path })
  }

  #placeTag({ host = '', path }: Place): string {
    return `\u0001${(hashOf(`${host}\n${path}`) % this.#placeTagCount).toString(36)}`
  }
}

/** @returns host and path of a URL that begins with its scheme; the path without the query */
export function placeOfUrl(url: string): { readonly host: string; readonly path: string } {
  const [, host = '', path = ''] = /^[^:/]*:\/\/([^/?#]*)([^?#]*)/.exec(url) ?? []
  return { host: normalHost(host), path: path === '' ? '/' : path }
}

/** Hosts are compared without regard to case, and without the ports that URLs may omit. */
export function normalHost(host: string): string {
  return host.toLowerCase().replace(/:(?:80|443)$/, '')
}

/** `/news/2` has the prefixes `/*` and `/news/*`. */
function prefixesOf(path: string): string[] {
  const prefixes: string[] = []
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    prefixes.push(`${path.slice(0, at + 1)}*`)
    if (prefixes.length === MAX_DEPTH) break
  }
  return prefixes
}

/** Applications see `/caf%C3%A9` and `/caf%c3%a9` as the same path. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** FNV-1a. Clients can choose paths of one hash: these are purged together, and no others. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return hash >>> 0
}

function fittingTag(tag: string): string {
  if (tag.length <= MAX_TAG_SIZE && Buffer.byteLength(tag) <= MAX_TAG_SIZE) return tag
  return `\u0001${createHash('sha256').update(tag).digest('base64url')}`
}
