/**
 * Short ways to read a configuration in tests.
 */

import { collectOptions } from '../../../src/uwsgi/options/collect.ts'
import { expandOptions } from '../../../src/uwsgi/options/expansion.ts'
import {
  type CacheDefinition,
  COMMAND_LINE,
  type GivenOption,
  type LoadedOptions,
  loadOptions,
  type ResolvedCaches,
  resolveCaches,
} from '../../../src/uwsgi/options/index.ts'
import { fakeHostEnvironment } from '../../../testing/fake-host-environment.ts'

const APP_INI: GivenOption = { name: 'ini', value: '/srv/app.ini', origin: COMMAND_LINE }

/** What a file comes to, as `name=value` in order; `[uwsgi]` is put before it. */
export function readLines(
  lines: string,
  files: Readonly<Record<string, string>> = {},
  environment: Readonly<Record<string, string>> = {},
): string[] {
  const host = fakeHostEnvironment({ '/srv/app.ini': `[uwsgi]\n${lines}`, ...files }, environment)
  const collected = collectOptions([APP_INI], host)
  return expandOptions(collected.options, host).options.map(
    option => `${option.name}=${option.value}`,
  )
}

/** A file with the text of /srv/app.ini, read and checked. */
export function loadIni(text: string, files: Readonly<Record<string, string>> = {}): LoadedOptions {
  return loadOptions([APP_INI], fakeHostEnvironment({ '/srv/app.ini': text, ...files }))
}

/** Caches of options given as `name=value`. */
export function resolveText(...options: string[]): ResolvedCaches {
  const given = options.map(text => {
    const equals = text.indexOf('=')
    return { name: text.slice(0, equals), value: text.slice(equals + 1), origin: COMMAND_LINE }
  })
  return resolveCaches(loadOptions(given, fakeHostEnvironment()).options)
}

/** The only cache of one `cache2` text. */
export function resolveOne(cache2: string): CacheDefinition {
  const [cache] = resolveText(`cache2=${cache2}`).caches
  if (cache === undefined) throw new Error('the test expected a cache')
  return cache
}

/** For `assert.throws`: our error, with this in its message. */
export function refusal(message: RegExp): object {
  return { code: 'UNDERCROFT_OPTION_INVALID', message }
}
