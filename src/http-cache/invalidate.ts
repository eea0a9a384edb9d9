/**
 * Forgetting pages that a change may have made wrong, RFC 9111 section 4.4.
 */

import type { FieldReader } from '../http-message/index.ts'
import type { SingleFlight } from '../single-flight/index.ts'
import type { CacheRequest } from './cache-request.ts'
import type { Site } from './leading.ts'

/** Fields with URLs that may have changed as well. */
const LOCATION_FIELDS = ['location', 'content-location']

/** After an unsafe request that did not fail. Begins at once; tells of errors itself. */
export async function invalidateAfter(
  site: Site,
  flight: SingleFlight,
  request: CacheRequest,
  response: { readonly status: number; readonly header: FieldReader },
): Promise<void> {
  if (response.status < 200 || response.status >= 400) return
  const { options } = site
  try {
    const key = options.key(request)
    const keys = key === undefined ? [] : [key]
    if (options.hasUrlKeys) keys.push(...locations(request, response.header))
    await Promise.all(keys.map(changed => invalidate(site, flight, changed)))
  } catch (error) {
    options.onError(error)
  }
}

/** Whether there was a page. Those that are being made are not stored. */
export async function invalidate(site: Site, flight: SingleFlight, key: string): Promise<boolean> {
  const baseKey = site.store.baseKey(key)
  // Both at once: whoever sees the answer to the change must not see the old page after it.
  const outcomes = await Promise.all([flight.revoke(baseKey), site.store.delete(baseKey)])
  return outcomes[1]
}

/** Only those of the same origin: nobody else may say what changed here. */
function locations({ url }: CacheRequest, header: FieldReader): string[] {
  return LOCATION_FIELDS.flatMap(name => {
    const value = header(name)
    const target = value === undefined ? undefined : parseUrl(value, url)
    if (target === undefined || target.origin !== parseUrl(url, url)?.origin) return []
    target.hash = ''
    return [target.href]
  })
}

function parseUrl(text: string, base: string): URL | undefined {
  try {
    return new URL(text, base)
  } catch {
    return undefined
  }
}
