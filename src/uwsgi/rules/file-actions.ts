/**
 * Actions with files: answering with one, and writing a response to one.
 *
 * uWSGI 2.0.21, plugins/router_static, plugins/transformation_tofile, core/static.c.
 */

import { randomBytes } from 'node:crypto'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { ActionArguments, type ArgumentNames } from './action-arguments.ts'
import { toKey } from './byte-text.ts'
import type { ResponseHead, ResponseSink } from './response-sink.ts'
import { type Action, type ActionKind, RuleError, type RuleScope } from './rule.ts'
import { answerWithFile, countHidden } from './static-files.ts'
import { isStorable, type StorePolicy } from './store-sink.ts'
import { compileArgument, type Template } from './template.ts'

export const FILE_ACTIONS: Readonly<Record<string, ActionKind>> = {
  static: { chains: ['request', 'error'], compile: compileStatic },
  tofile: { chains: ['request', 'response'], compile: compileToFile },
  'to-file': { chains: ['request', 'response'], compile: compileToFile },
}

const TO_FILE_NAMES: ArgumentNames = { filename: 'filename', name: 'filename', mode: 'mode' }

const DEFAULT_MODE = 0o644

/** Answers GET and HEAD with a file; otherwise ends the request without a response. */
function compileStatic(text: string, { servesDotfiles }: RuleScope): Action {
  const path = compileArgument(text)
  const hiddenByRule = countHidden(path.fixedText)
  return context => {
    const filled = path.expand(context)
    const isHidden = !servesDotfiles && countHidden(filled) > hiddenByRule
    if (!isHidden && staysBelow(path, filled)) answerWithFile(context, filled)
    return 'break'
  }
}

/** Also takes `tofile:<path>`, which uWSGI documents but refuses (F51). */
function compileToFile(text: string, { deps }: RuleScope): Action {
  const prefix = 'invalid tofile route syntax'
  const isList = Object.keys(TO_FILE_NAMES).some(name => text.trimStart().startsWith(`${name}=`))
  const given = new ActionArguments(prefix, isList ? text : '', TO_FILE_NAMES)
  const message = `${prefix}, you need to specify a filename`
  const path = isList ? given.requireTemplate('filename', message) : compileArgument(text)
  if (text === '') throw new RuleError(message)
  const mode = parseMode(given.text('mode'))
  return context => {
    const filled = path.expand(context)
    if (staysBelow(path, filled)) {
      context.addSink(new FileSink(filled, mode, line => deps.log(line)))
    }
    return 'next'
  }
}

function parseMode(text: string | undefined): number {
  if (text === undefined) return DEFAULT_MODE
  if (/^[0-7]{3,4}$/.test(text)) return Number.parseInt(text, 8)
  throw new RuleError(`mode must be octal digits such as 644; got "${text}"`)
}

/** Text of a request must not lead out of the directory that the rule names. */
function staysBelow(path: Template, filled: string): boolean {
  if (filled.includes('\0')) return false
  return countUpward(filled) === countUpward(path.fixedText)
}

function countUpward(path: string): number {
  return path.split('/').filter(segment => segment === '..').length
}

/** `tofile` writes what `cachestore` stores without further parameters. */
const POLICY: StorePolicy = {
  statusCodes: [200],
  isForced: false,
  isForAnyMethod: false,
  isForOneUser: false,
  isForOneSession: false,
}

const MAX_BODY_SIZE = 64 * 1024 * 1024

/** Bodies up to this size are written at once, so that the next request finds them. */
const SMALL_SIZE = 64 * 1024

/** Writes a response to a file, so that a reader sees all of it or nothing. */
class FileSink implements ResponseSink {
  readonly maxBodySize = MAX_BODY_SIZE
  readonly #path: string | Buffer
  readonly #partPath: string | Buffer
  readonly #mode: number
  readonly #log: (line: string) => void

  /** `path` has one character for each byte. */
  constructor(path: string, mode: number, log: (line: string) => void) {
    this.#path = toKey(path)
    this.#partPath = toKey(`${path}.${randomBytes(6).toString('hex')}.part`)
    this.#mode = mode
    this.#log = log
  }

  wants(head: ResponseHead): boolean {
    return isStorable(head, POLICY)
  }

  take(body: Buffer): void {
    if (body.length === 0) return
    if (body.length > SMALL_SIZE) {
      void this.#writeLater(body)
      return
    }
    try {
      writeFileSync(this.#partPath, body, { mode: this.#mode, flag: 'wx' })
      renameSync(this.#partPath, this.#path)
    } catch (error) {
      this.#fail(error)
      rmSync(this.#partPath, { force: true })
    }
  }

  async #writeLater(body: Buffer): Promise<void> {
    try {
      await writeFile(this.#partPath, body, { mode: this.#mode, flag: 'wx' })
      await rename(this.#partPath, this.#path)
    } catch (error) {
      this.#fail(error)
      await rm(this.#partPath, { force: true }).catch(() => {})
    }
  }

  #fail(error: unknown): void {
    this.#log(`[uwsgi-route] tofile failed: ${error}`)
  }
}
