/**
 * One row of the option table. The rows are in the `rows-*.ts` files.
 */

/**
 * The values that an option takes.
 *
 * - `flag`: on or off.
 * - `integer`: a whole number from `min` to `max`.
 * - `integer64`: a signed whole number of 64 bits.
 * - `string`: the last value counts.
 * - `list`: each value counts; in a `cache2` definition, `;` separates them.
 * - `cache2`: each value defines a cache.
 * - `directive`: controls how options are read, and is not among the options afterwards.
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
 * Whether an option is supported.
 *
 * - `now`: it works.
 * - `accepted`: it has no meaning here and has no effect; one line says so.
 * - `refused`: it stops the start, because a configuration that seems to work but does not is
 *   worse. `ignore-unsupported` starts without it.
 */
export type OptionSupport = 'now' | 'accepted' | 'refused'

/**
 * Options of uWSGI that are not supported, by the reason. The names are separated by white space,
 * and a name that ends in `=` takes a value.
 */
export type NamesByReason = Readonly<Record<string, string>>

/** The headings of help and of the reference page. */
export const OPTION_GROUPS = {
  caches: 'Caches',
  cache2: 'Inside a cache2 definition',
  preload: 'Filling and using caches',
  network: 'Network',
  socket: 'After the address of a socket',
  processes: 'Processes',
  http: 'HTTP',
  logging: 'Logging',
  routing: 'Internal routing',
  configuration: 'Reading the configuration',
  python: 'Python and uWSGI itself',
  command: 'This command',
  unsupported: 'Not supported',
} as const

export type OptionGroup = keyof typeof OPTION_GROUPS

/** One option. */
export interface OptionRow {
  readonly name: string
  /** Other names of the option. */
  readonly aliases?: readonly string[]
  /** Short form on the command line; INI files do not have it. */
  readonly letter?: string
  readonly kind: OptionKind
  readonly group: OptionGroup
  readonly support: OptionSupport
  /**
   * One sentence: what the option does, in the imperative, or what its value is. For `accepted`,
   * why it has no meaning; for `refused`, what to do instead.
   */
  readonly description: string
  /** Name of the value in help, where kind and unit do not describe it well. */
  readonly argument?: string
  readonly unit?: string
  /** The value that applies when the option is absent, as it would be written. */
  readonly default?: string
  /** Of an integer. */
  readonly min?: number
  /** Of an integer. */
  readonly max?: number
  /** Larger integers count as `max`, as in uWSGI. */
  readonly isClamped?: true
  /** Of a string: the name may stand without a value. */
  readonly isValueOptional?: true
}

/** Returns whether the option appears in a NAME=VALUE list instead of on its own. */
export function isInList({ group }: OptionRow): boolean {
  return group === 'cache2' || group === 'socket'
}

/** Returns whether help and the reference page list the option. */
export function isDescribed({ group }: OptionRow): boolean {
  return group !== 'unsupported'
}

/** One day: a longer wait is a mistake. */
export const MAX_SECONDS = 86_400

/** The largest accepted number where uWSGI has no limit of its own. */
export const MAX_COUNT = 0xffff_ffff

/** Returns the name of the option's value in help and on the reference page; empty for a flag. */
export function argumentOf(row: OptionRow): string {
  if (row.argument !== undefined) return row.argument
  if (row.kind === 'flag') return ''
  if (row.unit === 'bytes' || row.unit === 'seconds') return row.unit.toUpperCase()
  return row.kind === 'integer' || row.kind === 'integer64' ? 'N' : 'TEXT'
}

/** Returns every form of an option on the command line. */
export function switchesOf(row: OptionRow): string[] {
  const long = [row.name, ...(row.aliases ?? [])].map(name => `--${name}`)
  return row.letter === undefined ? long : [...long, `-${row.letter}`]
}
