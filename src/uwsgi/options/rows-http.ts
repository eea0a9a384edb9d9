/**
 * Options of HTTP and of internal routing.
 */

import type { OptionRow } from './option-row.ts'

/** What each rule looks at. Above the table, which is built from it as the module loads. */
const SUBJECTS: Readonly<Record<string, string>> = {
  route: 'path',
  'route-uri': 'URI with query',
  'route-qs': 'query string',
  'route-host': 'Host header',
  'route-remote-addr': 'client address',
  'route-remote-user': 'authenticated user',
  'route-user-agent': 'User-Agent header',
  'route-referer': 'Referer header',
}

export const HTTP_ROWS: readonly OptionRow[] = [
  {
    name: 'http',
    kind: 'list',
    argument: 'ADDRESS',
    group: 'http',
    support: 'now',
    description: 'Serves HTTP at this address; the workers do, without a process in front of them.',
  },
  {
    name: 'http-socket',
    kind: 'list',
    argument: 'ADDRESS',
    group: 'http',
    support: 'now',
    description: 'The same.',
  },
  {
    name: 'mime-file',
    aliases: ['mimefile'],
    kind: 'list',
    argument: 'PATH',
    group: 'http',
    support: 'now',
    description: 'Dictionary of MIME types by file extension.',
  },
  {
    name: 'check-static',
    aliases: ['static-check'],
    kind: 'list',
    argument: 'DIRECTORY',
    group: 'http',
    support: 'now',
    description: 'Answers with files below this directory, by the path of the request.',
  },
  {
    name: 'static-map',
    kind: 'list',
    argument: 'PREFIX=DIRECTORY',
    group: 'http',
    support: 'now',
    description: 'The same for requests whose path begins so; the directory may be a file.',
  },
  {
    name: 'static-dotfiles',
    kind: 'flag',
    group: 'http',
    support: 'now',
    description: 'Serves files whose name or directory begins with a dot; .well-known always is.',
  },
  {
    name: 'disable-logging',
    letter: 'L',
    kind: 'flag',
    group: 'http',
    support: 'now',
    description: 'Logs no requests, which is so in any case.',
  },
  {
    name: 'log-micros',
    kind: 'flag',
    group: 'http',
    support: 'accepted',
    description: 'Logs response times in microseconds; requests are not logged here.',
  },
  ...routeRows('', 'before the application'),
  ...routeRows('error-', 'when a request ends in an error'),
  ...routeRows('response-', 'after the response headers'),
  ...routeRows('final-', 'after the response'),
]

/** The rules of one chain; the four chains have the same ones. */
function routeRows(prefix: string, moment: string): OptionRow[] {
  const support = prefix === 'error-' ? 'later' : 'now'
  const shared = { kind: 'list', group: 'routing', support } as const
  const rows: OptionRow[] = Object.entries(SUBJECTS).map(([name, subject]) => ({
    ...shared,
    name: `${prefix}${name}`,
    argument: 'REGEX ACTION',
    description: `Runs an action ${moment} if the ${subject} matches.`,
  }))
  const statusRow: OptionRow = {
    ...shared,
    name: `${prefix}route-status`,
    argument: 'STATUS ACTION',
    description: `Runs an action ${moment} for one response status.`,
  }
  // Before the application there is no status yet.
  if (prefix !== '') rows.push(statusRow)
  rows.push(
    {
      ...shared,
      name: `${prefix}route-if`,
      argument: 'CONDITION ACTION',
      description: `Runs an action ${moment} if a condition holds.`,
    },
    {
      ...shared,
      name: `${prefix}route-if-not`,
      argument: 'CONDITION ACTION',
      description: `Runs an action ${moment} if a condition does not hold.`,
    },
    {
      ...shared,
      name: `${prefix}route-run`,
      argument: 'ACTION',
      description: `Runs an action ${moment}, always.`,
    },
    {
      ...shared,
      name: `${prefix}route-label`,
      argument: 'NAME',
      description: 'Marks a place for goto in this chain.',
    },
  )
  return rows
}
