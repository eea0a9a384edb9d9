/**
 * The instance that workers find in their environment: what the caches are called and where they
 * are, and the options.
 */

import { resolve } from 'node:path'
import type { Instance, InstanceCache } from '../uwsgi/api/index.ts'
import type { OptionSet } from '../uwsgi/options/index.ts'
import type { ServePlan } from './plan.ts'

/** Paths are complete, because a worker changes its directory. */
export function instanceOf(plan: ServePlan): Instance {
  return {
    caches: plan.caches.map(
      ({ name, store, mathInitial }): InstanceCache => ({
        name,
        ...(plan.directory === undefined ? {} : { directory: resolve(plan.directory) }),
        ...(store === undefined ? {} : { store: resolve(store) }),
        mathInitial,
      }),
    ),
    options: optionsByName(plan.options),
  }
}

/** Each under the name it was given by, and under its first one. */
function optionsByName({ given }: OptionSet): Record<string, string> {
  const pairs = [...given].flatMap(([firstName, list]) =>
    list.flatMap(({ name, value }) => [
      [name, value],
      [firstName, value],
    ]),
  )
  return Object.fromEntries(pairs)
}
