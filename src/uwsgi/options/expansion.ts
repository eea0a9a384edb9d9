/**
 * The three passes over all values: `$(NAME)`, then `@(path)`, then `%(placeholder)`.
 *
 * Each pass is done for all values before the next begins, so a placeholder may stand for text
 * that came from the environment or a file. What is undefined is left as it is.
 */

import { type GivenOption, optionError } from './given-option.ts'
import { findVariable, type HostEnvironment } from './host-environment.ts'
import { evaluatePlaceholder } from './placeholder.ts'

/** Placeholders of placeholders grow fast; a value longer than this is a mistake. */
const MAX_VALUE_LENGTH = 1 << 20

/** Values after the passes, and which placeholders they used. */
export interface ExpandedOptions {
  readonly options: readonly GivenOption[]
  readonly usedPlaceholders: ReadonlySet<string>
}

/** Expands every value. */
export function expandOptions(
  collected: readonly GivenOption[],
  host: HostEnvironment,
): ExpandedOptions {
  const read = collected
    .map(option => replaceEach(option, '$', name => findVariable(host, name)))
    .map(option => replaceEach(option, '@', path => readContent(option, path, host)))
  return expandPlaceholders(read)
}

function expandPlaceholders(options: readonly GivenOption[]): ExpandedOptions {
  const firsts = new Map<string, GivenOption>()
  for (const option of options) {
    if (!firsts.has(option.name)) firsts.set(option.name, option)
  }
  const done = new Map<GivenOption, GivenOption>()
  const running = new Set<GivenOption>()
  const used = new Set<string>()
  const expand = (option: GivenOption): GivenOption => {
    const known = done.get(option)
    if (known !== undefined) return known
    running.add(option)
    const expanded = replaceEach(option, '%', text => evaluatePlaceholder(text, findValue))
    running.delete(option)
    done.set(option, expanded)
    return expanded
  }
  const findValue = (name: string): string | undefined => {
    const first = firsts.get(name)
    if (first === undefined) return undefined
    used.add(name)
    // One that leads back to itself has no value, and stays as it was written.
    return running.has(first) ? undefined : expand(first).value
  }
  return { options: options.map(expand), usedPlaceholders: used }
}

/** Replaces each `<symbol>(text)` for which there is a value. */
function replaceEach(
  option: GivenOption,
  symbol: '$' | '@' | '%',
  findValue: (text: string) => string | undefined,
): GivenOption {
  if (!option.value.includes(`${symbol}(`)) return option
  const pattern = PATTERNS[symbol]
  const value = option.value.replace(pattern, (whole, text: string) => findValue(text) ?? whole)
  if (value.length > MAX_VALUE_LENGTH) {
    throw optionError(option, `grows beyond ${MAX_VALUE_LENGTH} characters when expanded`)
  }
  return { ...option, value }
}

const PATTERNS = { $: /\$\(([^)]+)\)/g, '@': /@\(([^)]+)\)/g, '%': /%\(([^)]+)\)/g } as const

/** A file's content without its last line end. */
function readContent(option: GivenOption, path: string, host: HostEnvironment): string {
  const scheme = /^[a-z0-9]+:\/\//i.exec(path)?.[0]
  if (scheme !== undefined) {
    throw optionError(
      option,
      `asks for @(${path}); only plain files are read, ${scheme} is never run or fetched`,
    )
  }
  const text = host.readFile(path)
  if (text === undefined) throw optionError(option, `cannot read the file ${path}`)
  return text.replace(/\r?\n$/, '')
}
