/**
 * What one row of the option table says. The rows are in the `rows-*.ts` files.
 */

/**
 * What values an option takes.
 *
 * `flag`: on or off. `integer`: a whole number from `min` to `max`. `integer64`: a whole number of
 * 64 bits with sign. `string`: the last one given counts. `list`: each one counts; in a `cache2`
 * definition they are separated by `;`. `cache2`: each one defines a cache. `directive`: steers how
 * options are read and is gone when they have been.
 */
export type OptionKind =
  | 'flag'
  | 'integer'
  | 'integer64'
  | 'string'
  | 'list'
  | 'cache2'
  | 'directive'

/**
 * How far we are with an option.
 *
 * `now`: it works. `later`: refused with a message that says so, because a configuration that seems
 * to work and does not is worse. `accepted`: it has no meaning here; a line says so, nothing else.
 */
export type OptionSupport = 'now' | 'later' | 'accepted'

/** The headings under which help and the reference page list the options. */
export const OPTION_GROUPS = {
  caches: 'Caches',
  cache2: 'Inside a cache2 definition',
  preload: 'Filling and using caches',
  network: 'Network',
  socket: 'After the address of a socket',
  processes: 'Processes',
  http: 'HTTP',
  routing: 'Internal routing',
  configuration: 'Reading the configuration',
  python: 'Python and uWSGI itself',
  command: 'This command',
} as const

export type OptionGroup = keyof typeof OPTION_GROUPS

/** One option. */
export interface OptionRow {
  readonly name: string
  /** Other names for it. */
  readonly aliases?: readonly string[]
  /** Its short form on the command line; a file does not know it. */
  readonly letter?: string
  readonly kind: OptionKind
  readonly group: OptionGroup
  readonly support: OptionSupport
  /** One sentence. For `accepted`, why it has no meaning. */
  readonly description: string
  /** What help calls its value, where the kind and unit do not say it well. */
  readonly argument?: string
  readonly unit?: string
  /** The value without the option, as it would be written. */
  readonly default?: string
  /** Of an integer. */
  readonly min?: number
  /** Of an integer. */
  readonly max?: number
  /** A larger integer counts as `max`, as in uWSGI. */
  readonly isClamped?: true
  /** Of a string: the name may stand alone. */
  readonly isValueOptional?: true
}

/** Its rows stand in a list of NAME=VALUE, not on their own. */
export function isInList({ group }: OptionRow): boolean {
  return group === 'cache2' || group === 'socket'
}

/** The largest number we take where uWSGI has no limit of its own. */
export const MAX_COUNT = 0xffff_ffff

/** What help and the reference page call the option's value; empty for a flag. */
export function argumentOf(row: OptionRow): string {
  if (row.argument !== undefined) return row.argument
  if (row.kind === 'flag') return ''
  if (row.unit === 'bytes' || row.unit === 'seconds') return row.unit.toUpperCase()
  return row.kind === 'integer' || row.kind === 'integer64' ? 'N' : 'TEXT'
}

/** Every way to write an option on the command line. */
export function switchesOf(row: OptionRow): string[] {
  const long = [row.name, ...(row.aliases ?? [])].map(name => `--${name}`)
  return row.letter === undefined ? long : [...long, `-${row.letter}`]
}
