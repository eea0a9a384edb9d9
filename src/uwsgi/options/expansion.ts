/**
 * The three passes over all values: `$(NAME)`, then `@(path)`, then `%(placeholder)`.
 *
 * Each pass finishes for all values before the next begins, so the value of a placeholder may come
 * from the environment or a file. An undefined reference stays as it is written.
 */

import { type GivenOption, optionError } from './given-option.ts'
import { findVariable, type HostEnvironment } from './host-environment.ts'

/** Nested placeholders grow quickly; a longer value is a mistake. */
const MAX_VALUE_LENGTH = 1 << 20

/** Values after the passes, and the placeholders that they used. */
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
    // A placeholder that refers to itself has no value and stays as it is written.
    return running.has(first) ? undefined : expand(first).value
  }
  return { options: options.map(expand), usedPlaceholders: used }
}

/** Replaces each `<symbol>(text)` that has a value. */
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

/** Returns the content of a file without its last line end. */
function readContent(option: GivenOption, path: string, host: HostEnvironment): string {
  const scheme = /^[a-z0-9]+:\/\//i.exec(path)?.[0]
  if (scheme !== undefined) {
    throw optionError(
      option,
      `asks for @(${path}); write the path of a plain file, ${scheme} is never run or fetched`,
    )
  }
  const text = host.readFile(path)
  if (text === undefined) throw optionError(option, `cannot read the file ${path}`)
  return text.replace(/\r?\n$/, '')
}

type FindValue = (name: string) => string | undefined

/**
 * Evaluates what stands between the parentheses of `%(...)`: a name, or arithmetic.
 *
 * Text with blanks is calculated from left to right in whole numbers, without precedence. Two
 * values without an operator between them are joined as text. A word that is not a placeholder
 * stands for itself.
 *
 * @returns undefined for an unknown placeholder
 */
export function evaluatePlaceholder(text: string, findValue: FindValue): string | undefined {
  if (!text.includes(' ')) return findValue(text)
  let result: string | undefined
  let operator: string | undefined
  for (const word of text.split(' ').filter(part => part !== '')) {
    if (word === '++' || word === '--') {
      result = calculate(result, word.charAt(0), '1')
    } else if (OPERATORS.includes(word)) {
      operator = word
    } else {
      const value = findValue(word) ?? word
      result =
        operator === undefined ? `${result ?? ''}${value}` : calculate(result, operator, value)
      operator = undefined
    }
  }
  return result
}

const OPERATORS: readonly string[] = ['+', '-', '*', '/']

function calculate(left: string | undefined, operator: string, right: string): string {
  const first = leadingInteger(left ?? '')
  const second = leadingInteger(right)
  switch (operator) {
    case '+':
      return String(first + second)
    case '-':
      return String(first - second)
    case '*':
      return String(first * second)
    default:
      return String(second === 0n ? 0n : first / second)
  }
}

/** Text that does not begin with a number counts as 0. */
function leadingInteger(text: string): bigint {
  return BigInt(/^\s*([+-]?\d+)/.exec(text)?.[1]?.replace('+', '') ?? 0)
}
