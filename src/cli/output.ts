/**
 * How results look: raw bytes for pipes, lines for people, JSON for programs.
 */

import { isUtf8 } from 'node:buffer'
import { type ErrorCode, UndercroftError } from '../base/index.ts'
import type { CommandOutput } from './environment.ts'

/** One line of text. */
export function writeLine(output: CommandOutput, text: string): Promise<void> {
  return output.write(`${text}\n`)
}

/** One JSON document on one line. */
export function writeJson(output: CommandOutput, value: unknown): Promise<void> {
  return writeLine(output, JSON.stringify(value))
}

/** Lines that nobody waits for; they come out in order all the same. */
export function logTo(output: CommandOutput): (line: string) => void {
  return line => {
    writeLine(output, line).catch(() => {}) // nobody reads them any more
  }
}

/** A value as it is. Only a person at a terminal needs the line to end. */
export async function writeValue(output: CommandOutput, bytes: Uint8Array): Promise<void> {
  await output.write(bytes)
  if (output.isTTY && bytes.at(-1) !== 0x0a) await output.write('\n')
}

/** Bytes in JSON: text where they are UTF-8, else `{"base64": ...}`. */
export function toJsonBytes(bytes: Buffer): string | { base64: string } {
  return isUtf8(bytes) ? bytes.toString('utf8') : { base64: bytes.toString('base64') }
}

/** A 64-bit number in JSON: as text where a JavaScript reader would lose digits. */
export function toJsonInteger(value: bigint): number | string {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : String(value)
}

/** A duration in JSON, where infinity does not exist: null for never. */
export function toJsonDuration(durationMs: number): number | null {
  return durationMs === Number.POSITIVE_INFINITY ? null : durationMs
}

/** Says what went wrong; returns the code that was shown. */
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

// MERGED: Exit codes, for scripts. /

export const EXIT = {
  /** Done, or found. */
  done: 0,
  /** A miss, or the cache would not take it: an expected answer, not an error. */
  miss: 1,
  /** The arguments or the configuration are wrong. */
  usage: 2,
  /** It could not be done: no connection, no room, corrupt, and so on. */
  failure: 3,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

const USAGE_CODES: readonly ErrorCode[] = ['UNDERCROFT_OPTION_INVALID', 'UNDERCROFT_KEY_INVALID']

/** The exit code for a failure with this code. */
export function exitCodeOf(code: string): ExitCode {
  return USAGE_CODES.some(usage => usage === code) ? EXIT.usage : EXIT.failure
}
