/**
 * Purging: pages are removed, or made stale, by tag, by path, by prefix or by key.
 *
 * Tags and places are tags of the cache: one number changes, all processes see that at once, and a
 * response that the application began to make before is not stored after it. A key is the name of
 * one page, which is deleted together with its lease, for the same reason.
 */

import {
  invalidOption,
  type OptionNames,
  requireBoolean,
  requireCallOptions,
  requireString,
  UndercroftError,
} from '../base/index.ts'
import { normalHost, type PageTags, parseTags, placeOfUrl } from './page-tags.ts'

/** How pages are purged by their tags. */
export interface PurgeOptions {
  /**
   * The pages become stale instead: clients get them once more, while they are being refreshed.
   * @default false
   */
  readonly soft?: boolean | undefined
}

/** How pages are purged by their path. */
export interface PurgePlaceOptions extends PurgeOptions {
  /** Only pages of this host, with its port unless that is 80 or 443. @default every host */
  readonly host?: string | undefined
}

const PURGE_OPTION_NAMES: OptionNames<PurgeOptions> = { soft: true }
const PURGE_PLACE_OPTION_NAMES: OptionNames<PurgePlaceOptions> = {
  ...PURGE_OPTION_NAMES,
  host: true,
}

/** What purging needs of a cache of pages. */
export interface PurgedStore {
  /** Undefined: the cache has no tags. */
  readonly pageTags: PageTags | undefined
  deleteTag(tag: string, soft: boolean): void
}

export class Purger {
  readonly #store: PurgedStore
  readonly #invalidate: (key: string) => Promise<void>
  readonly #hasUrlKeys: boolean

  /**
   * @param invalidate - removes the page of a key
   * @param hasUrlKeys - the keys are URLs
   */
  constructor(store: PurgedStore, invalidate: (key: string) => Promise<void>, hasUrlKeys: boolean) {
    this.#store = store
    this.#invalidate = invalidate
    this.#hasUrlKeys = hasUrlKeys
  }

  /** Each tag may be a list, as in a field. */
  deleteTags(tags: Iterable<string>, options: PurgeOptions = {}): void {
    requireCallOptions('deleteTags', options, PURGE_OPTION_NAMES)
    const soft = requireBoolean('soft', options.soft ?? false)
    const pageTags = this.#requireTags()
    for (const list of tags) {
      const named = parseTags(requireString('tag', list))
      if (named.length === 0) throw invalidOption('tag', 'not empty', list)
      for (const tag of named.flatMap(name => pageTags.ofTag(name))) {
        this.#store.deleteTag(tag, soft)
      }
    }
  }

  deletePrefix(prefix: string, options: PurgePlaceOptions = {}): void {
    const { soft, host } = placeOptions('deletePrefix', options)
    if (!requireString('prefix', prefix).startsWith('/')) {
      throw invalidOption('prefix', 'a path that begins with /, such as /news/', prefix)
    }
    this.#store.deleteTag(this.#requireTags().ofPrefix(withoutQuery(prefix), host), soft)
  }

  /** @param target - a path, a URL, or a key */
  async delete(target: string, options: PurgePlaceOptions = {}): Promise<void> {
    const { soft, host } = placeOptions('delete', options)
    const place = placeOf(requireString('target', target))
    if (place === undefined && (soft || host !== undefined)) {
      const allowed = 'a path or a URL; only they can be purged softly, or on one host'
      throw invalidOption('target', allowed, target)
    }
    const { pageTags } = this.#store
    if (place !== undefined && pageTags !== undefined) {
      this.#store.deleteTag(pageTags.ofPath(place.path, host ?? place.host), soft)
    } else if (soft || host !== undefined || (target.startsWith('/') && this.#hasUrlKeys)) {
      this.#requireTags()
    }
    if (!soft) await this.#invalidate(target)
  }

  #requireTags(): PageTags {
    const { pageTags } = this.#store
    if (pageTags !== undefined) return pageTags
    throw new UndercroftError(
      'UNDERCROFT_OPTION_INVALID',
      'pages can be purged by tag, path or prefix, or softly, only if the cache of the HttpCache ' +
        'has tags: use a Cache of this machine that was not created with maxTags: 0',
    )
  }
}

function placeOptions(
  call: string,
  options: PurgePlaceOptions,
): { readonly soft: boolean; readonly host: string | undefined } {
  requireCallOptions(call, options, PURGE_PLACE_OPTION_NAMES)
  const soft = requireBoolean('soft', options.soft ?? false)
  const { host } = options
  return { soft, host: host === undefined ? undefined : normalHost(requireString('host', host)) }
}

function placeOf(
  target: string,
): { readonly host: string | undefined; readonly path: string } | undefined {
  if (target.startsWith('/')) return { host: undefined, path: withoutQuery(target) }
  return /^https?:\/\//i.test(target) ? placeOfUrl(target) : undefined
}

function withoutQuery(path: string): string {
  return path.split(/[?#]/, 1)[0] ?? path
}
