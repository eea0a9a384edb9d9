/**
 * Actions with files: answering with one, and making one of a response.
 *
 * uWSGI 2.0.21, plugins/router_static, plugins/transformation_tofile, core/static.c.
 */

import { ActionArguments, type ArgumentNames } from './action-arguments.ts'
import { answerWithFile } from './file-reply.ts'
import { FileSink } from './file-sink.ts'
import { type Act, type ActionKind, type RuleContext, RuleError } from './rule.ts'
import { compileArgument, type Template } from './template.ts'

export const FILE_ACTIONS: Readonly<Record<string, ActionKind>> = {
  static: { chains: ['request'], compile: compileStatic },
  tofile: { chains: ['request', 'response'], compile: compileToFile },
  'to-file': { chains: ['request', 'response'], compile: compileToFile },
}

const TO_FILE_NAMES: ArgumentNames = { filename: 'filename', name: 'filename', mode: 'mode' }

const DEFAULT_MODE = 0o644

/** Answers with a file; without one, and to methods that do not read, not at all. */
function compileStatic(text: string): Act {
  const path = compileArgument(text)
  return exchange => {
    const filled = path.expand(exchange)
    if (staysBelow(path, filled)) answerWithFile(exchange, filled)
    return 'break'
  }
}

/** Also `tofile:<path>`, as uWSGI's documentation has it and uWSGI refuses it (F51). */
function compileToFile(text: string, { world }: RuleContext): Act {
  const prefix = 'invalid tofile route syntax'
  const isList = Object.keys(TO_FILE_NAMES).some(name => text.trimStart().startsWith(`${name}=`))
  const given = new ActionArguments(prefix, isList ? text : '', TO_FILE_NAMES)
  const message = `${prefix}, you need to specify a filename`
  const path = isList ? given.requireTemplate('filename', message) : compileArgument(text)
  if (text === '') throw new RuleError(message)
  const mode = parseMode(given.text('mode'))
  return exchange => {
    const filled = path.expand(exchange)
    if (staysBelow(path, filled)) {
      exchange.addSink(new FileSink(filled, mode, line => world.host.log(line)))
    }
    return 'next'
  }
}

function parseMode(text: string | undefined): number {
  if (text === undefined) return DEFAULT_MODE
  if (/^[0-7]{3,4}$/.test(text)) return Number.parseInt(text, 8)
  throw new RuleError(`mode must be octal digits such as 644; got "${text}"`)
}

/** What a request brings must not lead out of the directory that the rule names. */
function staysBelow(path: Template, filled: string): boolean {
  if (filled.includes('\0')) return false
  return countUpward(filled) === countUpward(path.fixedText)
}

function countUpward(path: string): number {
  return path.split('/').filter(segment => segment === '..').length
}
