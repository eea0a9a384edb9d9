/**
 * `undercroft completion`: scripts by which a shell completes commands, options, and the names of
 * caches.
 */

import { requireOneOf } from '../../base/index.ts'
import { buildTable, checkOptions, OPTION_TABLE, requireRow } from '../../uwsgi/options/index.ts'
import { EXIT } from '../output.ts'
import type { Command, CommandEntry } from './command.ts'

const TABLE = buildTable([requireRow(OPTION_TABLE, 'help')])
const SHELLS = ['bash', 'zsh', 'fish'] as const

/** Makes the command that completes these commands. */
export function makeCompletion(commands: readonly CommandEntry[]): Command {
  return {
    table: TABLE,
    async run(parsed, { stdout }) {
      checkOptions(TABLE, parsed.given)
      const shell = requireOneOf('SHELL', parsed.positionals[0], SHELLS)
      await stdout.write(FORMATTERS[shell](await Promise.all(commands.map(readEntry))))
      return EXIT.done
    },
  }
}

interface Completed extends CommandEntry {
  /** Without their dashes. */
  readonly options: readonly string[]
  /** Its words are names of caches. */
  readonly takesCaches: boolean
}

async function readEntry(entry: CommandEntry): Promise<Completed> {
  const { table } = await entry.load()
  const options = table.rows.filter(({ support }) => support === 'now').map(({ name }) => name)
  return { ...entry, options, takesCaches: /CACHE|NAME/.test(entry.words) }
}

const FORMATTERS = { bash: formatBash, zsh: formatZsh, fish: formatFish } as const

const LIST = 'undercroft list 2>/dev/null'

function formatBash(commands: readonly Completed[]): string {
  const cases = commands.map(({ name, options, takesCaches }) => {
    const words = options.map(option => `--${option}`).join(' ')
    return `    ${name}) words="${words}"${takesCaches ? `; names=$(${LIST})` : ''} ;;`
  })
  const names = commands.map(({ name }) => name).join(' ')
  return `# bash completion of undercroft: eval "$(undercroft completion bash)"
_undercroft() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words="" names=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${names} help" -- "$word"))
    return
  fi
  if [ "\${COMP_WORDS[COMP_CWORD-1]}" = --cache ]; then
    COMPREPLY=($(compgen -W "$(${LIST})" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    help) words="${names}" ;;
  esac
  COMPREPLY=($(compgen -W "$words $names" -- "$word"))
}
complete -o default -F _undercroft undercroft
`
}

/** zsh runs the functions of bash. */
function formatZsh(commands: readonly Completed[]): string {
  const [, ...script] = formatBash(commands).split('\n')
  return `# zsh completion of undercroft: eval "$(undercroft completion zsh)"
autoload -Uz +X compinit bashcompinit && compinit && bashcompinit
${script.join('\n')}`
}

function formatFish(commands: readonly Completed[]): string {
  const lines = commands.flatMap(({ name, summary, options, takesCaches }) => {
    const within = `complete -c undercroft -n "__fish_seen_subcommand_from ${name}"`
    const quoted = summary.replaceAll("'", "\\'")
    return [
      `complete -c undercroft -n __fish_use_subcommand -f -a ${name} -d '${quoted}'`,
      ...options.map(option => `${within} -l ${option}${option === 'cache' ? ` ${CACHES}` : ''}`),
      ...(takesCaches ? [`${within} ${CACHES}`] : []),
    ]
  })
  const head = '# fish completion of undercroft: undercroft completion fish | source'
  return `${[head, ...lines].join('\n')}\n`
}

const CACHES = `-x -a '(${LIST})'`
