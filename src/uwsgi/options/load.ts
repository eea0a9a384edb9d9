/**
 * From options as given to options as checked: directives, expansion, and the table, in one call.
 */

import { collectOptions } from './collect.ts'
import { expandOptions } from './expansion.ts'
import { ENVIRONMENT, type GivenOption } from './given-option.ts'
import type { HostEnvironment } from './host-environment.ts'
import { checkOptions, describeMeaningless, type OptionSet } from './option-set.ts'
import { OPTION_TABLE } from './option-table.ts'

/** A configuration, read. */
export interface LoadedOptions {
  readonly options: OptionSet
  /** What was probably meant otherwise, and what has no meaning here. */
  readonly warnings: readonly string[]
  /** INI files read, as they were named, in order. */
  readonly files: readonly string[]
}

/** Reads the options of all sources, given in the order in which they count. */
export function loadOptions(given: readonly GivenOption[], host: HostEnvironment): LoadedOptions {
  const collected = collectOptions(given, host)
  const expanded = expandOptions(collected.options, host)
  const checked = checkOptions(OPTION_TABLE, expanded.options, expanded.usedPlaceholders)
  return {
    options: checked.options,
    warnings: [...collected.warnings, ...checked.warnings, ...describeMeaningless(checked.options)],
    files: collected.files,
  }
}

// MERGED: Options from environment variables: `UWSGI_CACHE2=name=e,items=4`. /

const PREFIX = 'UWSGI_'

/**
 * The options among the variables. Names that are no options are left out: uWSGI itself sets such
 * variables for its own use.
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
