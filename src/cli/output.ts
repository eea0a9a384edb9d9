/**
 * Results of commands: raw bytes for pipes, lines for users, JSON for programs, and exit codes for
 * scripts.
 */

import { isUtf8 } from 'node:buffer'
import { inspect } from 'node:util'
import { deserialize } from 'node:v8'
import { COUNTER_SIZE, type ErrorCode, UndercroftError, type ValueTypeName } from '../base/index.ts'
import type { CommandOutput } from './environment.ts'

/** Writes one line of text. */
export function writeLine(output: CommandOutput, text: string): Promise<void> {
  return output.write(`${text}\n`)
}

/** Writes one JSON document on one line. */
export function writeJson(output: CommandOutput, value: unknown): Promise<void> {
  return writeLine(output, JSON.stringify(value))
}

/** Returns a function that writes log lines in order without waiting for them. */
export function logTo(output: CommandOutput): (line: string) => void {
  return line => {
    writeLine(output, line).catch(() => {}) // no process reads the output any more
  }
}

/** Writes a value unchanged. At a terminal it adds a missing line end. */
export async function writeValue(output: CommandOutput, bytes: Uint8Array): Promise<void> {
  await output.write(bytes)
  if (output.isTTY && bytes.at(-1) !== 0x0a) await output.write('\n')
}

/** Converts bytes for JSON: to a string if they are UTF-8, else to `{"base64": ...}`. */
export function toJsonBytes(bytes: Buffer): string | { base64: string } {
  return isUtf8(bytes) ? bytes.toString('utf8') : { base64: bytes.toString('base64') }
}

/** Converts a value for JSON by its type. A value that only its own program decodes is bytes. */
export function toJsonValue(bytes: Buffer, type: ValueTypeName): unknown {
  if (type === 'json') return JSON.parse(bytes.toString())
  if (type === 'utf16') return bytes.toString('utf16le')
  return isCounter(bytes, type) ? toJsonInteger(bytes.readBigInt64LE()) : toJsonBytes(bytes)
}

/** Converts a value for people by its type. Only bytes of this machine are safe to deserialize. */
export function toReadable(bytes: Buffer, type: ValueTypeName, isOfThisMachine: boolean): Buffer {
  if (type === 'structured' && isOfThisMachine) return Buffer.from(inspect(deserialize(bytes)))
  if (type === 'utf16') return Buffer.from(bytes.toString('utf16le'))
  return isCounter(bytes, type) ? Buffer.from(String(bytes.readBigInt64LE())) : bytes
}

function isCounter(bytes: Buffer, type: ValueTypeName): boolean {
  return (type === 'integer' || type === 'bigint') && bytes.length === COUNTER_SIZE
}

/** Converts a 64-bit number for JSON: to a string if a JavaScript reader would lose digits. */
export function toJsonInteger(value: bigint): number | string {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : String(value)
}

/** Converts a duration for JSON, which has no infinity: null means never. */
export function toJsonDuration(durationMs: number): number | null {
  return durationMs === Number.POSITIVE_INFINITY ? null : durationMs
}

/** Writes the message of an error, and returns the code it has shown. */
export async function writeError(
  output: CommandOutput,
  error: unknown,
  isJson: boolean,
): Promise<string> {
  const code = error instanceof UndercroftError ? error.code : 'UNDERCROFT_SYSTEM'
  const message = error instanceof Error ? error.message : String(error)
  if (isJson) await writeJson(output, { error: { code, message } })
  else await writeLine(output, `undercroft: ${message} (${code})`)
  return code
}

export const EXIT = {
  /** Done, or found. */
  done: 0,
  /** A miss, or a refused write: an expected result, not an error. */
  miss: 1,
  /** The arguments or the configuration are wrong. */
  usage: 2,
  /** The command failed: no connection, no room, a corrupt cache, and others. */
  failure: 3,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

const USAGE_CODES: readonly ErrorCode[] = ['UNDERCROFT_OPTION_INVALID', 'UNDERCROFT_KEY_INVALID']

/** Returns the exit code for a failure with this code. */
export function exitCodeOf(code: string): ExitCode {
  return USAGE_CODES.some(usage => usage === code) ? EXIT.usage : EXIT.failure
}
