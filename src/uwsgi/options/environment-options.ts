/**
 * Options from environment variables: `UWSGI_CACHE2=name=e,items=4`.
 */

import { ENVIRONMENT, type GivenOption } from './given-option.ts'
import { OPTION_TABLE } from './option-table.ts'

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
