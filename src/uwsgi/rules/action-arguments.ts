/**
 * The `key=value` list that most actions take.
 */

import { formatSuggestion } from '../../base/index.ts'
import { parseKeyValues } from '../options/index.ts'
import { RuleError } from './rule.ts'
import { compileArgument, type Template } from './template.ts'

/** The parameter names of an action, each with the name that it is an alias of, or itself. */
export type ArgumentNames = Readonly<Record<string, string>>

const MAX_SECONDS = 2 ** 31 - 1

export class ActionArguments {
  readonly #texts = new Map<string, string>()

  /**
   * Refuses unknown names, which uWSGI ignores: an item with `expire=60` would never expire.
   *
   * @param prefix - the start of uWSGI's messages about this action
   * @throws RuleError for an unknown name, or one without a value
   */
  constructor(prefix: string, text: string, names: ArgumentNames) {
    for (const { name, value } of parseKeyValues(text)) {
      const meant = Object.hasOwn(names, name) ? names[name] : undefined
      if (meant === undefined) {
        const suggestion = formatSuggestion(name, Object.keys(names))
        throw new RuleError(`${prefix}: there is no parameter "${name}"${suggestion}`)
      }
      if (value === undefined) throw new RuleError(`${prefix}: ${name} needs a value, ${name}=...`)
      this.#texts.set(meant, value)
    }
  }

  text(name: string): string | undefined {
    return this.#texts.get(name)
  }

  /** A flag is on if it is present, regardless of its value, as in uWSGI. */
  flag(name: string): boolean {
    return this.#texts.has(name)
  }

  template(name: string): Template | undefined {
    const text = this.#texts.get(name)
    return text === undefined ? undefined : compileArgument(text)
  }

  /** @param message - uWSGI's message for a list without the parameter */
  requireTemplate(name: string, message: string): Template {
    const template = this.template(name)
    if (template === undefined) throw new RuleError(message)
    return template
  }

  /** The parameter `expires` in milliseconds; without it, or with 0, items never expire. */
  ttlMs(): number {
    const seconds = this.integer('expires', 0, MAX_SECONDS) ?? 0
    return seconds === 0 ? Number.POSITIVE_INFINITY : seconds * 1000
  }

  integer(name: string, min: number, max: number): number | undefined {
    const text = this.#texts.get(name)
    if (text === undefined) return undefined
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new RuleError(`${name} must be a whole number from ${min} to ${max}; got "${text}"`)
  }
}
