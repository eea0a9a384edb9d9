/**
 * What each room of `src/` owns and why it is apart: with the table of layers, the source of the
 * table in ARCHITECTURE.md.
 */

import { LAYERS } from './layers.ts'

interface RoomFacts {
  readonly owns: string
  readonly why: string
}

export const ROOM_FACTS: Readonly<Record<string, RoomFacts>> = {
  base: {
    owns: 'errors, option checks, `Clock`, the interfaces of caches',
    why: 'every room uses it, and the rooms need not know each other',
  },
  metrics: {
    owns: 'the table of all metrics, and their text for Prometheus',
    why: 'everything that reports metrics reports the same ones',
  },
  platform: {
    owns: 'mapping, file locks, waiting, direct sockets, user and directory',
    why: 'the only code for an operating system: a port changes this room',
  },
  segment: {
    owns: 'which byte means what; create, attach, destroy',
    why: 'the format is in one place, and each byte is declared once',
  },
  engine: {
    owns: 'items: lock, seqlock, chains, blocks, eviction, recovery',
    why: 'it knows bytes and moments, but neither values nor options',
  },
  codecs: {
    owns: 'values to bytes and back',
    why: 'tests need no memory, and users of it need no engine',
  },
  'single-flight': {
    owns: 'one load of a key in all processes, by leases',
    why: '`cache`, `http-cache` and `uwsgi/rules` wait for each other in the same way',
  },
  cache: {
    owns: 'the public `Cache`: options, values, TTLs, near copies',
    why: 'it converts values and durations once, at the edge',
  },
  'protocols/uwsgi': {
    owns: 'packets and dictionaries as bytes',
    why: 'it has no sockets, so plain bytes test it',
  },
  net: {
    owns: 'addresses, listening, socket files, access, budgets, deadlines',
    why: 'the servers of all protocols listen in the same way',
  },
  client: {
    owns: '`RemoteCache`, `sendMessage`',
    why: 'it works where memory cannot be shared',
  },
  dump: {
    owns: '`dump`, `load`: the items of a cache as a stream of bytes',
    why: 'it works over local and remote caches, and only its users load it',
  },
  'http-message': {
    owns: 'dates, fields, stored messages, interception of responses',
    why: 'the HTTP cache and the rules share one HTTP engine',
  },
  'http-cache': {
    owns: '`HttpCache`: RFC 9111',
    why: 'it works over any cache',
  },
  replication: {
    owns: 'changes by UDP, dumps, sync',
    why: 'it joins nodes; a server works without it',
  },
  monitoring: {
    owns: "facts and counts: uWSGI's JSON, Prometheus metrics",
    why: 'it reads every cache, and changes none',
  },
  'server/uwsgi': {
    owns: 'connections that speak uwsgi, and their commands',
    why: 'a second protocol will stand next to it',
  },
  server: {
    owns: '`serveCaches`: accepting, limits, the end of a server',
    why: 'it takes the interface of a cache, so tests give it other caches',
  },
  'uwsgi/options': {
    owns: 'INI files, `key=value` lists, the table of options',
    why: "uWSGI's option names live here and nowhere else",
  },
  'uwsgi/rules/pattern': {
    owns: 'regular expressions as PCRE has them, in terms of JavaScript',
    why: 'text in, text out',
  },
  'uwsgi/rules': {
    owns: "uWSGI's internal routing: rules, and what they answer",
    why: 'it decides over plain data; a test needs no runner',
  },
  'uwsgi/api': {
    owns: "the caches and options of a process; uWSGI's functions; `auto`",
    why: 'it joins local and remote caches, which stay free of it',
  },
  uwsgi: {
    owns: 'the entry point `undercroft/uwsgi`',
    why: 'Python imports the same names as `uwsgi`',
  },
  'runner/apps': {
    owns: 'what a module exports, and requests on their way to it',
    why: 'an application needs no master',
  },
  runner: {
    owns: 'master and workers, their sockets and caches',
    why: 'only this room runs processes; a cache needs none of it',
  },
  '.': {
    owns: 'the entry points `undercroft` and `undercroft/auto`',
    why: 'they hold nothing of their own',
  },
  adapters: {
    owns: 'one file for each package that users have besides this one',
    why: 'only its users install that package',
  },
  cli: {
    owns: 'arguments, output, the commands, `top`',
    why: 'the only place that joins everything',
  },
}

const BEGIN = '<!-- The table of rooms: npm run docs:layers -->'
const END = '<!-- The end of the table of rooms -->'

/** @returns the page with its table of rooms as the data has it */
export function withTableOfRooms(page: string): string {
  const [before, rest = ''] = page.split(BEGIN)
  const [, after] = rest.split(END)
  if (after === undefined) throw new Error(`the page needs ${BEGIN} and ${END}`)
  return `${before}${BEGIN}\n\n${formatTable()}\n\n${END}${after}`
}

function formatTable(): string {
  const rows = Object.entries(LAYERS).map(([room, imports]) => {
    const { owns = '', why = '' } = ROOM_FACTS[room] ?? {}
    const name = room === '.' ? 'the entry points' : `\`${room}\``
    return `| ${name} | ${owns} | ${imports.join(', ') || 'nothing'} | ${why} |`
  })
  return ['| room | owns | may import | why it is apart |', '| - | - | - | - |', ...rows].join('\n')
}
