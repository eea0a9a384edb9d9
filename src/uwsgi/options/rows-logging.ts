/**
 * Options of the log: where it goes, and what is said about requests.
 */

import { MAX_COUNT, type OptionRow } from './option-row.ts'

export const LOGGING_ROWS: readonly OptionRow[] = [
  {
    name: 'logto',
    kind: 'string',
    argument: 'FILE',
    group: 'logging',
    support: 'now',
    description: 'Append all output of all processes to this file.',
  },
  {
    name: 'logto2',
    kind: 'string',
    argument: 'FILE',
    group: 'logging',
    support: 'now',
    description: 'Same as logto, but open the file after the change of user.',
  },
  {
    name: 'touch-logreopen',
    kind: 'list',
    argument: 'PATH',
    group: 'logging',
    support: 'now',
    description: 'Open the log file again when this file is touched; repeatable.',
  },
  {
    name: 'log-date',
    aliases: ['logdate'],
    kind: 'string',
    argument: 'FORMAT',
    isValueOptional: true,
    group: 'logging',
    support: 'now',
    description: 'Print the time before each line of this command, in a format of strftime.',
  },
  {
    name: 'disable-logging',
    letter: 'L',
    kind: 'flag',
    group: 'logging',
    support: 'now',
    description: 'Do not log requests, apart from those that log-4xx, log-5xx and log-slow choose.',
  },
  {
    name: 'log-format',
    aliases: ['logformat'],
    kind: 'string',
    argument: 'TEMPLATE',
    group: 'logging',
    support: 'now',
    description: "Log requests in this form, with uWSGI's variables such as %(uri).",
  },
  {
    name: 'log-requests',
    kind: 'flag',
    group: 'command',
    support: 'now',
    description: "Log each request in uWSGI's form; log-format and log-json do so in theirs.",
  },
  {
    name: 'log-json',
    kind: 'flag',
    group: 'command',
    support: 'now',
    description: 'Log each request as one line of JSON.',
  },
  {
    name: 'log-4xx',
    kind: 'flag',
    group: 'logging',
    support: 'now',
    description: 'Log requests with a status from 400 to 499.',
  },
  {
    name: 'log-5xx',
    kind: 'flag',
    group: 'logging',
    support: 'now',
    description: 'Log requests with a status of 500 or more.',
  },
  {
    name: 'log-slow',
    kind: 'integer',
    unit: 'milliseconds',
    min: 1,
    max: MAX_COUNT,
    group: 'logging',
    support: 'now',
    description: 'Log requests that take at least this long.',
  },
  {
    name: 'log-micros',
    kind: 'flag',
    group: 'logging',
    support: 'accepted',
    description: 'Log response times in microseconds; write %(micros) in log-format instead.',
  },
]
