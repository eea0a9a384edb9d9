/**
 * The HTTP cache as the option `http-cache` writes it: a cache, and what is done with its pages.
 * `pages,compress=br;gzip,hide_tags=1,purge_allow=10.0.0.0/8,purge_token_file=/etc/purge.token`
 */

import { formatSuggestion } from '../../base/index.ts'
import { type GivenOption, optionError } from './given-option.ts'
import { parseKeyValues } from './key-values.ts'
import { parseFlag } from './option-values.ts'

export interface HttpCacheText {
  /** The name of the cache. */
  readonly cache: string
  /** Undefined: no content codings. */
  readonly compress: readonly string[] | undefined
  readonly hideTags: boolean
  /** Undefined: any address. */
  readonly purgeAllow: readonly string[] | undefined
  /** Undefined: no token is required. */
  readonly purgeTokenFile: string | undefined
}

const NAMES = ['compress', 'hide_tags', 'purge_allow', 'purge_token_file']

export function parseHttpCache(given: GivenOption): HttpCacheText {
  const [, cache = '', rest = ''] = /^([^,]*)(?:,(.*))?$/s.exec(given.value) ?? []
  const texts = new Map<string, string>()
  for (const { name, value } of parseKeyValues(rest)) {
    if (!NAMES.includes(name)) {
      throw optionError(given, `has no name "${name}"${formatSuggestion(name, NAMES)}`)
    }
    if (value === undefined || value === '') throw optionError(given, `needs a value: ${name}=...`)
    texts.set(name, value)
  }
  return {
    cache,
    compress: texts.get('compress')?.split(';'),
    hideTags: parseFlag(texts.get('hide_tags') ?? '0'),
    purgeAllow: texts.get('purge_allow')?.split(';'),
    purgeTokenFile: texts.get('purge_token_file'),
  }
}
