/**
 * Options about all files that are served: the index of a directory, and when a response expires.
 *
 * uWSGI 2.0.21, core/static.c.
 */

import type { Clock } from '../../base/index.ts'
import { type GivenOption, listOption, type OptionSet } from '../options/index.ts'
import { toByteText } from './byte-text.ts'
import { compilePattern, PatternError } from './pattern/index.ts'
import { ruleError } from './rule-text.ts'

/** The request for a file; a `RuleContext` is one. */
export interface FileRequest {
  readonly deps: { readonly clock: Clock }
  variable(name: string): string
}

/** A file that is about to be served. */
export interface ServedFile {
  readonly path: string
  /** Undefined: the type is not known. */
  readonly type: string | undefined
  readonly modifiedAtMs: number
}

export interface FileSettings {
  /** Names of files that stand for their directory, the first that exists first. */
  readonly indexes: readonly string[]
  /** The moment that a response expires, of the first rule that matches. */
  expiresAtMs(context: FileRequest, file: ServedFile): number | undefined
}

/** @throws UndercroftError `UNDERCROFT_OPTION_INVALID`, which names the option and its place */
export function readFileSettings(options: OptionSet): FileSettings {
  const rules = KINDS.flatMap(({ name, subject }) => [
    ...listOption(options, name).map(given => compileRule(given, subject, false)),
    ...listOption(options, `${name}-mtime`).map(given => compileRule(given, subject, true)),
  ])
  return {
    indexes: listOption(options, 'static-index').map(given => toByteText(given.value)),
    expiresAtMs(context, file) {
      for (const rule of rules) {
        const atMs = rule(context, file)
        if (atMs !== undefined) return atMs
      }
      return undefined
    },
  }
}

type Subject = (context: FileRequest, file: ServedFile) => string

/** In uWSGI's order. A type is compared, and not searched for an expression. */
const KINDS: readonly { readonly name: string; readonly subject: Subject }[] = [
  { name: 'static-expires', subject: (_, file) => file.path },
  { name: 'static-expires-path-info', subject: context => context.variable('PATH_INFO') },
  { name: 'static-expires-uri', subject: context => context.variable('REQUEST_URI') },
  { name: 'static-expires-type', subject: (_, file) => file.type ?? '' },
]

type ExpiryRule = (context: FileRequest, file: ServedFile) => number | undefined

function compileRule(given: GivenOption, subject: Subject, isFromFile: boolean): ExpiryRule {
  const isOfType = given.name.startsWith('static-expires-type')
  const separator = given.value.indexOf(isOfType ? '=' : ' ')
  const pattern = given.value.slice(0, Math.max(0, separator))
  const seconds = /^\d{1,10}$/.test(given.value.slice(separator + 1).trim())
    ? Number(given.value.slice(separator + 1))
    : undefined
  if (separator < 1 || seconds === undefined) {
    const form = isOfType ? 'TYPE=SECONDS' : 'REGEX SECONDS'
    throw ruleError(given, `must be ${form}; got "${given.value}"`)
  }
  const matches = isOfType ? (text: string) => text === pattern : matcherOf(given, pattern)
  return (context, file) => {
    if (!matches(subject(context, file))) return undefined
    const fromMs = isFromFile ? file.modifiedAtMs : context.deps.clock.nowMs()
    return fromMs + seconds * 1000
  }
}

function matcherOf(given: GivenOption, pattern: string): (text: string) => boolean {
  try {
    const { find } = compilePattern(toByteText(pattern))
    return text => find(text) !== null
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    throw ruleError(given, `pcre error: ${error.message} at offset ${error.offset}`)
  }
}
