/**
 * `undercroft purge`: removes pages of an HTTP cache by tag, prefix or URL.
 */

import { HttpCache } from '../../http-cache/index.ts'
import { flagOption, listOption, type OptionRow, usageError } from '../../uwsgi/options/index.ts'
import { EXIT, writeJson } from '../output.ts'
import { cacheCommand, withTarget } from './command.ts'

const SHARED = { group: 'command', support: 'now', kind: 'list' } as const

const ROWS: readonly OptionRow[] = [
  {
    ...SHARED,
    name: 'tag',
    argument: 'TAG',
    description: 'Purge the pages that name this tag; repeatable.',
  },
  {
    ...SHARED,
    name: 'prefix',
    argument: 'PATH/',
    description: 'Purge the pages whose path begins with this one; repeatable.',
  },
  {
    ...SHARED,
    name: 'url',
    argument: 'URL|PATH',
    description:
      'Purge the pages of this URL with all queries, or of this path on all hosts; repeatable.',
  },
  {
    ...SHARED,
    kind: 'flag',
    name: 'soft',
    description: 'Make the pages stale: clients get them while they are refreshed.',
  },
]

export const PURGE = cacheCommand({
  rows: ROWS,
  act: context => {
    const given = (name: string) => listOption(context.options, name).map(({ value }) => value)
    const [tags, prefixes, urls] = [given('tag'), given('prefix'), given('url')]
    if (tags.length + prefixes.length + urls.length === 0) {
      throw usageError('nothing to purge; add --tag TAG, --prefix PATH/ or --url URL')
    }
    const isSoft = flagOption(context.options, 'soft')
    return withTarget(context, async cache => {
      const pages = new HttpCache({ cache })
      const options = { soft: isSoft }
      if (tags.length > 0) pages.deleteTags(tags, options)
      for (const prefix of prefixes) pages.deletePrefix(prefix, options)
      for (const url of urls) await pages.delete(url, options)
      if (context.isJson) await writeJson(context.environment.stdout, { purged: true })
      return EXIT.done
    })
  },
})
