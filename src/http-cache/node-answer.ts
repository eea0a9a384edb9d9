/**
 * Sending answers through `node:http`, and reading what a response is about to send.
 */

import type { ServerResponse } from 'node:http'
import { bodyInOnePiece } from '../base/index.ts'
import type { HeaderField } from '../http-message/index.ts'
import type { Answer } from './prepared-page.ts'

/** The methods of a response that others may have replaced, as they were at some moment. */
export type ResponseMethods = Pick<ServerResponse, 'writeHead' | 'write' | 'end'>

/** Sends all of it. Fields that are there already stay, unless the answer has them. */
export function sendAnswer(
  response: ServerResponse,
  { status, reason, fields, body }: Answer,
  { writeHead, end }: ResponseMethods = response,
): void {
  response.statusMessage = reason
  if (response.getHeaderNames().length === 0) {
    writeHead.call(response, status, fields as string[])
  } else {
    setFields(response, fields)
    writeHead.call(response, status)
  }
  const finish = end as (this: ServerResponse, body?: string | Buffer, coding?: string) => void
  if (body === undefined) finish.call(response)
  else finish.call(response, bodyInOnePiece(body), 'latin1')
}

/** What the arguments of `writeHead` say becomes the state of the response. */
export function applyHead(response: ServerResponse, args: readonly unknown[]): void {
  const [status, second, third] = args
  response.statusCode = Number(status)
  if (typeof second === 'string') response.statusMessage = second
  const given = typeof second === 'string' ? third : (third ?? second)
  if (Array.isArray(given)) setFields(response, given.flat().map(String))
  else if (typeof given === 'object' && given !== null) {
    for (const [name, value] of Object.entries(given)) {
      if (value !== undefined) response.setHeader(name, value)
    }
  }
}

/** Every field that is to be sent, names in lower case. */
export function fieldsOf(response: ServerResponse): HeaderField[] {
  const fields: HeaderField[] = []
  for (const [name, value] of Object.entries(response.getHeaders())) {
    for (const text of Array.isArray(value) ? value : [value]) {
      if (text !== undefined) fields.push([name, String(text)])
    }
  }
  return fields
}

/** Names and values in turn; those of the same name stay together. */
function setFields(response: ServerResponse, flat: readonly string[]): void {
  const values = new Map<string, string[]>()
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const name = flat[index] as string
    values.set(name, [...(values.get(name) ?? []), flat[index + 1] as string])
  }
  for (const [name, all] of values) {
    response.setHeader(name, all.length === 1 ? (all[0] as string) : all)
  }
}
