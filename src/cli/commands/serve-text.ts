/**
 * The lines that `serve` prints, close to uWSGI's, so that scripts and users find what they know.
 */

import type { CacheStats } from '../../base/index.ts'
import type { ServePlan } from '../../runner/index.ts'
import { formatAddress, type SocketAddress } from '../../uwsgi/options/index.ts'

/** A read of the default cache, as in the recipe of uWSGI's manual. */
const NGINX_REST = 'uwsgi_modifier1 111; uwsgi_modifier2 3; uwsgi_param key $request_uri;'

/** Formats the line about one cache. */
export function formatCacheLine(stats: CacheStats): string {
  const megabytes = Math.floor(stats.size / 1048576)
  const dataSize = stats.blockSize * stats.blocks
  return (
    `*** Cache "${stats.name}" initialized: ${megabytes}MB (items: ${stats.maxItems}, ` +
    `one of ${stats.maxItems + 1} places stays empty, key: ${stats.maxKeySize} bytes, ` +
    `value: ${stats.maxValueSize} bytes, ` +
    `data: ${dataSize} bytes) preallocated ***`
  )
}

/** Formats the line about one socket. */
export function formatSocketLine(
  index: number,
  address: SocketAddress,
  protocol: 'uwsgi' | 'http' | 'https' = 'uwsgi',
): string {
  const kind = address.kind === 'tcp' ? 'TCP' : 'UNIX'
  return `${protocol} socket ${index} bound to ${kind} address ${formatAddress(address)}`
}

/** Formats the line about the stats server. */
export function formatStatsLine(address: SocketAddress): string {
  return `*** Stats server enabled on ${formatAddress(address)} ***`
}

/**
 * Formats how to reach the first cache: on this machine, over the network, from nginx, from Python.
 */
export function formatReachLines(
  cacheName: string,
  address: SocketAddress,
  { instance, directory, caches }: Pick<ServePlan, 'instance' | 'directory' | 'caches'>,
): string[] {
  const text = formatAddress(address)
  const pass = address.kind === 'unix' ? `unix:${text}` : text
  const isOwn = caches.some(({ name, shared }) => name === cacheName && !shared)
  const local = isOwn ? `${instance}/${cacheName}` : cacheName
  const here = directory === undefined ? '' : ` --directory ${directory}`
  return [
    'reach it',
    `  on this machine:     undercroft get KEY --cache ${local}${here}`,
    `  over the network:    undercroft get KEY --cache ${cacheName}@${text}`,
    `  from nginx:          location / { uwsgi_pass ${pass}; ${NGINX_REST} }`,
    `  Python under uWSGI:  uwsgi.cache_get('KEY', '${cacheName}@${text}')`,
  ]
}
