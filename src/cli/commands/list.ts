/**
 * `undercroft list`: the names of the caches of this user on this machine.
 */

import {
  buildTable,
  checkOptions,
  OPTION_TABLE,
  requireRow,
  textOption,
} from '../../uwsgi/options/index.ts'
import { EXIT, writeJson, writeLine } from '../output.ts'
import { type Command, wantsJson } from './command.ts'

const TABLE = buildTable(['directory', 'json', 'help'].map(name => requireRow(OPTION_TABLE, name)))

export const LIST: Command = {
  table: TABLE,
  async run(parsed, { stdout, listCaches }) {
    const { options } = checkOptions(TABLE, parsed.given)
    const names = await listCaches(textOption(options, 'directory'))
    if (wantsJson(options)) await writeJson(stdout, names)
    else for (const name of names) await writeLine(stdout, name)
    return EXIT.done
  },
}
