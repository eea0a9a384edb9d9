/**
 * The measurements of servers, in the form that the page shows.
 */

import { type Figures, SETUPS, titleOf } from '../remote/remote-report.ts'
import { SERVER_DESCRIPTIONS, type WebSamples } from '../web/web.ts'
import type { ServerGroup } from './page-data.ts'

/** @returns no group if no server was measured */
export function webGroup(samples: WebSamples): ServerGroup[] {
  if (samples.size === 0) return []
  const rows = [...samples].map(([name, of]) => ({
    name: SERVER_DESCRIPTIONS[name].label,
    isOurs: SERVER_DESCRIPTIONS[name].isOurs,
    rates: of.map(({ perSecond }) => perSecond),
  }))
  return [{ title: 'Cached pages', rows }]
}

export function remoteGroups(all: readonly Figures[]): ServerGroup[] {
  return all.map(figures => ({
    title: titleOf(figures),
    rows: SETUPS.map(name => ({
      name,
      isOurs: name.startsWith('undercroft'),
      rates: figures.rates.get(name) ?? [],
    })),
  }))
}
