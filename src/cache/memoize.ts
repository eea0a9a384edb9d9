/**
 * Turns a function into one whose results are cached.
 */

import {
  type CacheKey,
  invalidOption,
  type OptionNames,
  requireCallOptions,
} from '../base/index.ts'
import { GET_OR_SET_OPTION_NAMES, type GetOrSet, type GetOrSetOptions } from './load-options.ts'

/** The options of `memoize`. */
export interface MemoizeOptions<A extends readonly unknown[]> extends GetOrSetOptions {
  /** The key of the result for these arguments. */
  readonly key: (...args: A) => CacheKey
}

const MEMOIZE_OPTION_NAMES: OptionNames<MemoizeOptions<[]>> = {
  ...GET_OR_SET_OPTION_NAMES,
  key: true,
}

export function memoize<A extends readonly unknown[], R>(
  getOrSet: GetOrSet<R>,
  compute: (...args: A) => R | Promise<R>,
  options: MemoizeOptions<A>,
): (...args: A) => Promise<R> {
  if (typeof compute !== 'function') throw invalidOption('the function', 'a function', compute)
  requireCallOptions('memoize', options, MEMOIZE_OPTION_NAMES)
  const { key, ...loading } = options
  if (typeof key !== 'function') throw invalidOption('key', 'a function of the arguments', key)
  return async (...args) => getOrSet(key(...args), () => compute(...args), loading)
}
