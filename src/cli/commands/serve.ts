/**
 * `undercroft serve`: makes caches and answers for them over the network, and runs an application,
 * until told to stop.
 */

import { planServe } from '../../runner/index.ts'
import {
  CACHE2_TABLE,
  COMMAND_LINE,
  type GivenOption,
  loadOptions,
  OPTION_TABLE,
  readEnvironmentOptions,
  SOCKET_TABLE,
  usageError,
} from '../../uwsgi/options/index.ts'
import { EXIT } from '../exit-codes.ts'
import { writeLine } from '../output.ts'
import { type Command, wantsJson } from './command.ts'
import { serveAlone } from './serve-alone.ts'
import { serveWithWorkers } from './serve-with-workers.ts'

export const SERVE: Command = {
  name: 'serve',
  words: '[FILE.ini]',
  summary: 'Make caches, serve them with the uwsgi protocol, and run an application',
  table: OPTION_TABLE,
  helpRows: [...CACHE2_TABLE.rows, ...SOCKET_TABLE.rows],
  readBare,
  async run(parsed, environment) {
    const [stray] = parsed.positionals
    if (stray !== undefined)
      throw usageError(`"${stray}" is no INI file: its name must end in .ini`)
    const { host, stdout, stderr } = environment
    const fromEnvironment = readEnvironmentOptions(host.environment)
    const loaded = loadOptions([...fromEnvironment, ...parsed.given], host)
    const plan = planServe(loaded.options)
    for (const warning of [...loaded.warnings, ...plan.warnings]) {
      await writeLine(stderr, `undercroft: warning: ${warning}`)
    }
    const isJson = wantsJson(loaded.options)
    if (!isJson) {
      for (const file of loaded.files) await writeLine(stdout, `configuration from ${file}`)
    }
    const { workers } = plan
    const signal =
      workers === undefined
        ? await serveAlone(plan, environment, isJson)
        : await serveWithWorkers({ ...plan, workers }, environment, isJson)
    if (!isJson) await writeLine(stdout, `stopped by ${signal}`)
    return EXIT.done
  },
}

/** A bare `app.ini`, or `app.ini:section`, is `--ini app.ini`. */
function readBare(word: string): GivenOption | undefined {
  const isIni = /\.ini(:[^/]*)?$/.test(word)
  return isIni ? { name: 'ini', value: word, origin: COMMAND_LINE } : undefined
}
