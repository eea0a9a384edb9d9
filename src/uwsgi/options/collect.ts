/**
 * Runs the directives: takes the options of all sources and returns one flat list.
 *
 * Included files are read in place, `for` and `if` run line by line, and placeholders are set.
 * Values are expanded later, when the whole list is known (expansion.ts).
 */

import { parseJsonOptions, parseYaml } from './data-files.ts'
import { formatGiven, type GivenOption, optionError } from './given-option.ts'
import type { HostEnvironment } from './host-environment.ts'
import { buildMagicTable, DEFAULT_SECTION, type MagicTable, parseIni } from './ini-file.ts'
import { fillWord, isLogic, type LogicWords, resolveLogic } from './ini-logic.ts'
import { OPTION_TABLE } from './option-table.ts'
import { CONFIGURATION_ROWS } from './rows-configuration.ts'

/** Deeper nesting means that a file includes itself. */
const MAX_INCLUDE_DEPTH = 16

/** Options after loops. A larger number is a mistake that would exhaust the memory. */
const MAX_OPTIONS = 100_000

/** All options after the directives ran. */
export interface CollectedOptions {
  readonly options: readonly GivenOption[]
  readonly warnings: readonly string[]
  /** Names of the INI files that were read, in order. */
  readonly files: readonly string[]
}

/** Runs the directives among the options of all sources, in order. */
export function collectOptions(
  given: readonly GivenOption[],
  host: HostEnvironment,
): CollectedOptions {
  const collector = new Collector(host)
  for (const option of given) collector.take(option)
  collector.requireFinished()
  return collector
}

class Collector implements CollectedOptions {
  readonly options: GivenOption[] = []
  readonly warnings: string[] = []
  readonly files: string[] = []
  readonly #host: HostEnvironment
  #includeDepth = 0
  #firstMagic: MagicTable | undefined
  #logic: { readonly begin: GivenOption; readonly words: LogicWords } | undefined

  constructor(host: HostEnvironment) {
    this.#host = host
  }

  take(option: GivenOption): void {
    if (END_NAMES.has(option.name)) {
      this.#logic = undefined
    } else if (isLogic(option.name)) {
      if (this.#logic !== undefined) {
        throw optionError(
          option,
          `stands inside ${formatGiven(this.#logic.begin)}; write end before it`,
        )
      }
      const words = resolveLogic(option, this.#host, name => this.#findOption(name))
      this.#logic = { begin: option, words }
    } else if (this.#logic !== undefined) {
      for (const word of this.#logic.words) {
        this.#run({ ...option, value: fillWord(option.value, word) })
      }
    } else {
      this.#run(option)
    }
  }

  requireFinished(): void {
    if (this.#logic === undefined) return
    this.warnings.push(
      `${formatGiven(this.#logic.begin)} has no end; it applies to all following lines`,
    )
  }

  #run(option: GivenOption): void {
    switch (OPTION_TABLE.byName.get(option.name)?.name) {
      case 'ini':
        this.#include(option, parseIni)
        break
      case 'yaml':
        this.#include(option, parseYaml)
        break
      case 'js':
        this.#include(option, parseJsonOptions)
        break
      case 'json':
        // On the command line, `--json` asks for JSON as output.
        if (JSON_FILE.test(option.value)) this.#include(option, parseJsonOptions)
        else this.#add(option)
        break
      case 'set-placeholder':
        this.#add(readSetting(option, 'placeholder'))
        break
      case 'set':
        this.#run(readSetting(option, 'any'))
        break
      default:
        this.#add(option)
    }
  }

  #add(option: GivenOption): void {
    if (this.options.length >= MAX_OPTIONS) {
      throw optionError(option, `exceeds the limit of ${MAX_OPTIONS} options; check the for loops`)
    }
    this.options.push(option)
  }

  #include(option: GivenOption, parse: typeof parseIni): void {
    const colon = option.value.lastIndexOf(':')
    const named = colon < 0 ? option.value : option.value.slice(0, colon)
    const section = colon < 0 ? '' : option.value.slice(colon + 1)
    const file = named === '' ? this.files.at(-1) : named
    if (file === undefined)
      throw optionError(option, 'names a section, but no file has been loaded yet')
    const text = this.#host.readFile(file)
    if (text === undefined) throw optionError(option, `cannot read the file ${file}`)
    if (this.#includeDepth >= MAX_INCLUDE_DEPTH) {
      throw optionError(option, `includes files more than ${MAX_INCLUDE_DEPTH} deep`)
    }
    const magic = buildMagicTable(file, section, this.#host, this.#firstMagic)
    this.#firstMagic ??= magic
    this.files.push(file)
    const parsed = parse(text, file, section === '' ? DEFAULT_SECTION : section, magic)
    this.warnings.push(...parsed.warnings)
    this.#takeIncluded(parsed.options)
  }

  /**
   * The surrounding loop has already repeated the include, so it is suspended for the lines of the
   * included file.
   */
  #takeIncluded(options: readonly GivenOption[]): void {
    const outer = this.#logic
    this.#logic = undefined
    this.#includeDepth++
    for (const option of options) this.take(option)
    this.requireFinished()
    this.#includeDepth--
    this.#logic = outer
  }

  /** The first option of that name counts, as wherever an option refers to another. */
  #findOption(name: string): string | undefined {
    const row = OPTION_TABLE.byName.get(name)
    return this.options.find(
      option => option.name === name || (row !== undefined && option.name === row.name),
    )?.value
  }
}

/** A name such as `app.json` or `app.json:section`. */
const JSON_FILE = /\.js(on)?(:[^/]*)?$/

const END_NAMES = new Set(
  CONFIGURATION_ROWS.filter(row => row.name === 'end').flatMap(row => [
    row.name,
    ...(row.aliases ?? []),
  ]),
)

/** Parses `name=value` of `set` and `set-placeholder`. */
function readSetting(option: GivenOption, allowed: 'placeholder' | 'any'): GivenOption {
  const equals = option.value.indexOf('=')
  if (equals < 1) throw optionError(option, 'must be NAME=VALUE')
  const name = option.value.slice(0, equals).trim()
  const value = option.value.slice(equals + 1).trim()
  const row = OPTION_TABLE.byName.get(name)
  if (allowed === 'placeholder' && row !== undefined && row.support !== 'refused') {
    throw optionError(option, `cannot use "${name}" as a placeholder: it is an option`)
  }
  if (row?.kind === 'directive')
    throw optionError(option, `cannot set "${name}"; write ${name} on a line of its own`)
  const setting = { name, value, origin: option.origin }
  const isOption = row !== undefined && allowed === 'any'
  return isOption ? setting : { ...setting, isPlaceholder: true }
}
