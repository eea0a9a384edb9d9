/**
 * From given options to checked options: directives, expansion and checks in one call.
 */

import { collectOptions } from './collect.ts'
import { expandOptions } from './expansion.ts'
import { ENVIRONMENT, type GivenOption } from './given-option.ts'
import type { HostEnvironment } from './host-environment.ts'
import { checkOptions, describeIgnored, type OptionSet } from './option-set.ts'
import { OPTION_TABLE } from './option-table.ts'

/** A configuration after reading. */
export interface LoadedOptions {
  readonly options: OptionSet
  /** Likely mistakes, and options that have no meaning here. */
  readonly warnings: readonly string[]
  /** Names of the INI files that were read, in order. */
  readonly files: readonly string[]
}

/**
 * Loads the options of all sources, given in order of precedence: later values override earlier
 * ones.
 */
export function loadOptions(given: readonly GivenOption[], host: HostEnvironment): LoadedOptions {
  const collected = collectOptions(given, host)
  const expanded = expandOptions(collected.options, host)
  const checked = checkOptions(OPTION_TABLE, expanded.options, expanded.usedPlaceholders)
  return {
    options: checked.options,
    warnings: [...collected.warnings, ...checked.warnings, ...describeIgnored(checked.options)],
    files: collected.files,
  }
}

const PREFIX = 'UWSGI_'

/**
 * Returns the options among environment variables such as `UWSGI_CACHE2=name=e,items=4`. Variables
 * that do not name an option are skipped, because uWSGI sets such variables for its own use.
 */
export function readEnvironmentOptions(
  environment: Readonly<Record<string, string | undefined>>,
): GivenOption[] {
  return Object.entries(environment).flatMap(([variable, value]) => {
    if (!variable.startsWith(PREFIX) || value === undefined) return []
    const name = variable.slice(PREFIX.length).toLowerCase().replaceAll('_', '-')
    return OPTION_TABLE.byName.has(name) ? [{ name, value, origin: ENVIRONMENT }] : []
  })
}
