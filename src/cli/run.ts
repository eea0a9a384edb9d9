/**
 * One run of the command, from arguments to exit code.
 */

import { parseArguments } from '../uwsgi/options/index.ts'
import { requireWords } from './commands/command.ts'
import { formatCommandHelp, formatOverview, requireCommand } from './commands/commands.ts'
import type { CommandEnvironment } from './environment.ts'
import { EXIT, type ExitCode, exitCodeOf, writeError, writeLine } from './output.ts'

/** Runs `undercroft` with these arguments. Every failure becomes a message and an exit code. */
export async function run(
  argv: readonly string[],
  environment: CommandEnvironment,
): Promise<ExitCode> {
  try {
    return await dispatch(argv, environment)
  } catch (error) {
    // The arguments themselves may be invalid, so this cannot wait until they are parsed.
    const isJson = argv.includes('--json')
    return exitCodeOf(await writeError(environment.stderr, error, isJson))
  }
}

async function dispatch(
  argv: readonly string[],
  environment: CommandEnvironment,
): Promise<ExitCode> {
  const { stdout, stderr, host } = environment
  const [name, ...args] = argv
  switch (name) {
    case undefined:
      await stderr.write(formatOverview())
      return EXIT.usage
    case '--version':
    case '-V':
      await writeLine(stdout, host.facts.version)
      return EXIT.done
    case 'help':
    case '--help':
    case '-h': {
      const [topic] = args
      const isOverview = topic === undefined || topic === 'help'
      const help = isOverview ? formatOverview() : await formatCommandHelp(requireCommand(topic))
      await stdout.write(help)
      return EXIT.done
    }
  }
  const entry = requireCommand(name)
  const command = await entry.load()
  const parsed = parseArguments(args, command.table, command.readBare)
  if (parsed.given.some(option => option.name === 'help')) {
    await stdout.write(await formatCommandHelp(entry))
    return EXIT.done
  }
  requireWords(entry.name, entry.words, parsed.positionals)
  return command.run(parsed, environment)
}
