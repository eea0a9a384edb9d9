/**
 * The command line of every `npm run` command: one description gives its help, its checks and the
 * types of its values.
 *
 * `--help` prints what the command does and each option with its default, and exits with 0. A
 * mistake in the arguments is one line on stderr, and exits with 2.
 */

import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'

const MISTAKE_EXIT_CODE = 2
const MAX_SEED = 2 ** 31 - 1
const MAX_COLUMNS = 100
/** More are listed in the text of the option. */
const MAX_SHOWN_CHOICES = 4

/** One option, and how its text becomes a value. */
export interface CommandOption<T> {
  /** An imperative or a noun phrase, for `--help`. */
  readonly help: string
  /** Undefined for a flag, which takes no value. */
  readonly placeholder?: string
  readonly short?: string
  readonly fallback: T
  /** How `--help` shows the default; undefined if it shows none. */
  readonly shownDefault?: string
  /** @returns the value, or undefined for a string that is not `allowed` */
  readonly read: (text: string) => T | undefined
  readonly allowed: string
}

type ParsedOptions = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>

// biome-ignore lint/suspicious/noExplicitAny: the value's type is inferred from each option.
type Options = Readonly<Record<string, CommandOption<any>>>

export interface Command<O extends Options> {
  /** As typed: `npm run fuzz`. */
  readonly name: string
  /** What it does, in the imperative; one string is one paragraph. */
  readonly summary: readonly string[]
  readonly options: O
  /** What may follow the options, such as names of candidates. */
  readonly operands?: {
    readonly name: string
    readonly help: string
    readonly allowed?: readonly string[]
  }
}

export type CommandValues<O extends Options> = {
  readonly [K in keyof O]: O[K] extends CommandOption<infer T> ? T : never
} & { readonly operands: readonly string[] }

/** Arguments that the command cannot take; the message is the one line to print. */
export class CommandLineError extends Error {}

/** Thrown for `--help`; the message is the text to print. */
class HelpRequest extends Error {}

/** Runs `main` with the process's arguments; prints help and mistakes, and sets the exit code. */
export async function runCommandLine(
  main: (args: readonly string[]) => Promise<void> | void,
): Promise<void> {
  try {
    await main(process.argv.slice(2))
  } catch (error) {
    if (error instanceof HelpRequest) {
      console.log(error.message)
    } else if (error instanceof CommandLineError) {
      console.error(error.message)
      process.exitCode = MISTAKE_EXIT_CODE
    } else {
      throw error
    }
  }
}

/** @returns the value of each option, by its name, and the operands */
export function readCommandLine<O extends Options>(
  command: Command<O>,
  args: readonly string[],
): CommandValues<O> {
  const { values, positionals } = parse(command, args)
  if (values.help === true) throw new HelpRequest(describeCommand(command))
  const { allowed } = command.operands ?? {}
  for (const operand of positionals) {
    if (allowed !== undefined && !allowed.includes(operand)) {
      throw mistake(command, `'${operand}' is not one of ${allowed.join(', ')}`)
    }
  }
  const read = Object.entries(command.options).map(([name, option]) => {
    return [name, readValue(command, name, option, values[name])]
  })
  return { ...Object.fromEntries(read), operands: positionals }
}

export function integerOption(
  help: string,
  { fallback, min, max }: { fallback: number; min: number; max: number },
): CommandOption<number> {
  return {
    help,
    placeholder: 'N',
    fallback,
    shownDefault: String(fallback),
    allowed: `a whole number from ${min} to ${max}`,
    read: text => {
      const value = Number(text)
      const isAllowed = /^\d+$/.test(text) && value >= min && value <= max
      return isAllowed ? value : undefined
    },
  }
}

/** The same option, with the same meaning, in every command that draws random numbers. */
export function seedOption(): CommandOption<number> {
  const limits = { fallback: randomInt(MAX_SEED), min: 0, max: MAX_SEED }
  const help = 'Seed of the random numbers; the same seed repeats the run'
  return { ...integerOption(help, limits), placeholder: 'SEED', shownDefault: 'random' }
}

export function choiceOption<const T extends string>(
  help: string,
  choices: readonly T[],
  fallback: T,
): CommandOption<T> {
  const names = choices.join(', ')
  const isShort = choices.length <= MAX_SHOWN_CHOICES
  return {
    help: isShort ? help : `${help}: ${names}`,
    placeholder: isShort ? choices.join('|') : 'NAME',
    fallback,
    shownDefault: fallback,
    allowed: `one of ${names}`,
    read: text => choices.find(choice => choice === text),
  }
}

export function flagOption(help: string): CommandOption<boolean> {
  return { help, fallback: false, allowed: 'given or left out', read: () => true }
}

export function textOption(
  help: string,
  placeholder: string,
  { fallback, shownDefault }: { fallback: string; shownDefault: string },
): CommandOption<string> {
  return { help, placeholder, fallback, shownDefault, allowed: 'a string', read: text => text }
}

function parse<O extends Options>(
  command: Command<O>,
  args: readonly string[],
): { values: Readonly<Record<string, unknown>>; positionals: readonly string[] } {
  const options: ParsedOptions = { help: { type: 'boolean', short: 'h' } }
  for (const [name, { placeholder, short }] of Object.entries(command.options)) {
    const type = placeholder === undefined ? 'boolean' : 'string'
    options[name] = { type, ...(short === undefined ? {} : { short }) }
  }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: command.operands !== undefined })
  } catch (error) {
    // Node's messages continue with advice on '--'. Their first sentence says what is wrong.
    const [first = ''] = String((error as Error).message).split('. ')
    throw mistake(command, first)
  }
}

function readValue<O extends Options>(
  command: Command<O>,
  name: string,
  option: CommandOption<unknown>,
  given: unknown,
): unknown {
  if (given === undefined) return option.fallback
  if (typeof given !== 'string') return given
  const value = option.read(given)
  if (value === undefined) throw mistake(command, `--${name} must be ${option.allowed}: ${given}`)
  return value
}

function mistake(command: Pick<Command<Options>, 'name'>, what: string): CommandLineError {
  return new CommandLineError(`${command.name}: ${what} (--help lists the options)`)
}

function describeCommand<O extends Options>(command: Command<O>): string {
  const { name, summary, options, operands } = command
  const operandPart = operands === undefined ? '' : ` [${operands.name} ...]`
  const rows = Object.entries(options).map(([option, { short, placeholder, ...rest }]) => {
    const shortPart = short === undefined ? '' : `-${short}, `
    const valuePart = placeholder === undefined ? '' : ` ${placeholder}`
    const { help, shownDefault } = rest
    const defaultPart = shownDefault === undefined ? '' : ` (default: ${shownDefault})`
    return [`${shortPart}--${option}${valuePart}`, `${help}${defaultPart}`] as const
  })
  const operandRows = operands === undefined ? [] : [[operands.name, operands.help] as const]
  const allRows = [...operandRows, ...rows, ['-h, --help', 'Print this help'] as const]
  const width = Math.max(...allRows.map(([left]) => left.length)) + 4
  return [
    // npm takes the first '--' away, and hands over all that follows it.
    `Usage: ${name}${name.includes(' -- ') ? '' : ' --'} [options]${operandPart}`,
    ...summary.flatMap(paragraph => ['', ...wrap(paragraph, 0)]),
    '',
    ...allRows.flatMap(([left, right]) => {
      const [first = '', ...more] = wrap(right, width)
      return [`  ${left}`.padEnd(width) + first, ...more.map(line => ' '.repeat(width) + line)]
    }),
  ].join('\n')
}

/** Lines that fit into the columns right of `indent`. */
function wrap(text: string, indent: number): string[] {
  const lines: string[] = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? ''
    if (last !== '' && indent + last.length + 1 + word.length > MAX_COLUMNS) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines
}
