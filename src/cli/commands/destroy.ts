/**
 * `undercroft destroy`: removes the file of a cache, even one that cannot be opened any more.
 */

import { formatSuggestion, hasAddress, UndercroftError } from '../../base/index.ts'
import {
  buildTable,
  checkOptions,
  OPTION_TABLE,
  requireRow,
  textOption,
  usageError,
} from '../../uwsgi/options/index.ts'
import { EXIT, writeJson } from '../output.ts'
import { type Command, wantsJson } from './command.ts'

const TABLE = buildTable(['directory', 'json', 'help'].map(name => requireRow(OPTION_TABLE, name)))

export const DESTROY: Command = {
  table: TABLE,
  async run(parsed, { stdout, listCaches, destroyCache }) {
    const { options } = checkOptions(TABLE, parsed.given)
    const directory = textOption(options, 'directory')
    const [name = ''] = parsed.positionals
    if (hasAddress(name)) {
      throw usageError(`a cache is destroyed on its own machine, and ${name} has an address`)
    }
    const names = await listCaches(directory)
    if (!names.includes(name)) {
      throw new UndercroftError(
        'UNDERCROFT_NO_SUCH_CACHE',
        `there is no cache "${name}" on this machine${formatSuggestion(name, names)}; ` +
          'undercroft list shows what there is',
      )
    }
    await destroyCache(name, directory)
    if (wantsJson(options)) await writeJson(stdout, { destroyed: true })
    return EXIT.done
  },
}
