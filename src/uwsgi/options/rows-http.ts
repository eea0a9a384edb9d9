/**
 * Options of HTTP and of internal routing.
 */

import type { OptionRow } from './option-row.ts'

/** What each rule matches. This constant precedes the table that is built from it at load time. */
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

/** What a `static-expires...` option looks at; before the table, as above. */
const EXPIRES_SUBJECTS: Readonly<Record<string, string>> = {
  '': 'path of the file',
  '-path-info': 'path of the request',
  '-uri': 'URI with query',
  '-type': 'type of the file',
}

export const HTTP_ROWS: readonly OptionRow[] = [
  {
    name: 'http',
    kind: 'list',
    argument: 'ADDRESS',
    group: 'http',
    support: 'now',
    description: 'Serve HTTP at this address, directly from the workers.',
  },
  {
    name: 'http-socket',
    kind: 'list',
    argument: 'ADDRESS',
    group: 'http',
    support: 'now',
    description: 'Same as http.',
  },
  {
    name: 'https',
    kind: 'list',
    argument: 'ADDRESS,CERT,KEY[,CIPHERS[,CA]]',
    group: 'http',
    support: 'now',
    description:
      'Serve HTTPS at this address. A CA asks clients for certificates, !CA requires them.',
  },
  {
    name: 'https-socket',
    kind: 'list',
    argument: 'ADDRESS,CERT,KEY[,CIPHERS[,CA]]',
    group: 'http',
    support: 'now',
    description: 'Same as https.',
  },
  {
    name: 'http-to-https',
    kind: 'list',
    argument: 'ADDRESS[,PORT]',
    group: 'http',
    support: 'now',
    description: 'Send every HTTP client of this address to HTTPS, at a port if it is not 443.',
  },
  {
    name: 'http2',
    kind: 'flag',
    group: 'command',
    support: 'now',
    description: 'Let clients of https choose HTTP/2; not with rules and http-cache.',
  },
  {
    name: 'http-headers-timeout',
    kind: 'integer',
    unit: 'seconds',
    default: '60',
    min: 1,
    max: 86_400,
    group: 'command',
    support: 'now',
    description: 'Time that an HTTP client has to send the header of a request, else it gets 408.',
  },
  {
    name: 'http-request-timeout',
    kind: 'integer',
    unit: 'seconds',
    default: '300',
    min: 1,
    max: 86_400,
    group: 'command',
    support: 'now',
    description:
      'Time that an HTTP client has to send a whole request with its body, else it gets 408.',
  },
  {
    name: 'http-max-connections',
    kind: 'integer',
    default: '10000',
    min: 1,
    max: 1_000_000,
    group: 'command',
    support: 'now',
    description: 'Most HTTP connections in each worker; further ones are closed at once.',
  },
  {
    name: 'limit-post',
    kind: 'integer',
    unit: 'bytes',
    default: '0',
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    group: 'http',
    support: 'now',
    description: 'Largest body of a request, beyond which it gets 413; 0 means no limit.',
  },
  {
    name: 'mime-file',
    aliases: ['mimefile'],
    kind: 'list',
    argument: 'PATH',
    group: 'http',
    support: 'now',
    description: 'Read MIME types by file extension from this file.',
  },
  {
    name: 'check-static',
    aliases: ['static-check'],
    kind: 'list',
    argument: 'DIRECTORY',
    group: 'http',
    support: 'now',
    description: 'Serve files below this directory by the path of the request.',
  },
  {
    name: 'static-map',
    kind: 'list',
    argument: 'PREFIX=DIRECTORY',
    group: 'http',
    support: 'now',
    description: 'Serve requests whose path has this prefix from a directory or a file.',
  },
  {
    name: 'static-index',
    kind: 'list',
    argument: 'NAME',
    group: 'http',
    support: 'now',
    description: 'Serve the first file of these names that a requested directory has.',
  },
  ...Object.keys(EXPIRES_SUBJECTS).flatMap(expiresRows),
  {
    name: 'add-header',
    kind: 'list',
    argument: 'NAME: VALUE',
    group: 'http',
    support: 'now',
    description: 'Add this header to every response.',
  },
  {
    name: 'static-dotfiles',
    kind: 'flag',
    group: 'command',
    support: 'now',
    description: 'Serve files below names that begin with a dot; .well-known is always served.',
  },
  ...routeRows('', 'before the application'),
  ...routeRows('error-', 'when a request ends in an error'),
  ...routeRows('response-', 'after the response headers'),
  ...routeRows('final-', 'after the response'),
]

/** The options that set Expires for files, by what they look at. */
function expiresRows(kind: string): OptionRow[] {
  const shared = {
    kind: 'list',
    argument: kind === '-type' ? 'TYPE=SECONDS' : 'REGEX SECONDS',
    group: 'http',
    support: 'now',
  } as const
  const what = EXPIRES_SUBJECTS[kind]
  const text = (from: string) => `Set Expires of a file this long after ${from}, by the ${what}.`
  return [
    { ...shared, name: `static-expires${kind}`, description: text('the response') },
    { ...shared, name: `static-expires${kind}-mtime`, description: text('its change') },
  ]
}

/** The rules of one chain; all four chains have the same rules. */
function routeRows(prefix: string, moment: string): OptionRow[] {
  const shared = { kind: 'list', group: 'routing', support: 'now' } as const
  const rows: OptionRow[] = Object.entries(SUBJECTS).map(([name, subject]) => ({
    ...shared,
    name: `${prefix}${name}`,
    argument: 'REGEX ACTION',
    description: `Run an action ${moment} if the ${subject} matches.`,
  }))
  const statusRow: OptionRow = {
    ...shared,
    name: `${prefix}route-status`,
    argument: 'STATUS ACTION',
    description: `Run an action ${moment} for one response status.`,
  }
  // Before the application there is no status yet.
  if (prefix !== '') rows.push(statusRow)
  rows.push(
    {
      ...shared,
      name: `${prefix}route-if`,
      argument: 'CONDITION ACTION',
      description: `Run an action ${moment} if a condition holds.`,
    },
    {
      ...shared,
      name: `${prefix}route-if-not`,
      argument: 'CONDITION ACTION',
      description: `Run an action ${moment} if a condition does not hold.`,
    },
    {
      ...shared,
      name: `${prefix}route-run`,
      argument: 'ACTION',
      description: `Run an action ${moment} for every request.`,
    },
    {
      ...shared,
      name: `${prefix}route-label`,
      argument: 'NAME',
      description: 'Define a label for goto in this chain.',
    },
  )
  return rows
}
