/**
 * `undercroft/dump`: the items of a cache as a stream of bytes, and back.
 */

export { type DumpableCache, type DumpOptions, type DumpProgress, dump } from './dump.ts'
export { type LoadableCache, type LoadOptions, type LoadReport, load } from './load.ts'
