/**
 * The `key=value` list that most actions take.
 */

import { formatSuggestion } from '../../base/index.ts'
import { parseKeyValues } from '../options/index.ts'
import { RuleError } from './rule.ts'
import { compileArgument, type Template } from './template.ts'

/** Names an action takes, and what stands for each: itself, or the name it is another word for. */
export type ArgumentNames = Readonly<Record<string, string>>

const MAX_SECONDS = 2 ** 31 - 1

export class ActionArguments {
  readonly #texts = new Map<string, string>()

  /**
   * Unlike uWSGI, which ignores unknown names, refuses them: `expire=60` would never expire.
   *
   * @param prefix - how uWSGI begins a message about this action
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

  /** Present is on, whatever its value, as for all flags of uWSGI. */
  flag(name: string): boolean {
    return this.#texts.has(name)
  }

  template(name: string): Template | undefined {
    const text = this.#texts.get(name)
    return text === undefined ? undefined : compileArgument(text)
  }

  /** `message` is uWSGI's for a list without it. */
  requireTemplate(name: string, message: string): Template {
    const template = this.template(name)
    if (template === undefined) throw new RuleError(message)
    return template
  }

  /** Milliseconds; without it, or with 0, what is stored never ends. */
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
