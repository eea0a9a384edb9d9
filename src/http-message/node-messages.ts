/**
 * Messages of `node:http`: the variables of a request, the head that a response is about to send,
 * and whole answers.
 */

import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { NativeText } from '../base/index.ts'
import type { HeaderField } from './fields.ts'

/**
 * The property of a request's connection that holds the CGI variables of a request that came by the
 * uwsgi protocol: REMOTE_USER and everything else that the web server sent, by name. Connections of
 * plain HTTP do not have it. The symbol is registered, so that an application can read the
 * variables without an import.
 */
export const REQUEST_VARIABLES: unique symbol = Symbol.for('undercroft.request-variables')

/** A connection that may have variables. */
export interface WithRequestVariables {
  readonly [REQUEST_VARIABLES]?: ReadonlyMap<string, string>
}

/** A whole response, as a server sends it. */
export interface Answer {
  readonly status: number
  readonly reason: string
  /** Names, each followed by its value. */
  readonly fields: readonly string[]
  /** Undefined: the answer has no body. */
  readonly body: Buffer | undefined
}

/** The methods of a response that other code may have replaced, as they were at some moment. */
export type ResponseMethods = Pick<ServerResponse, 'writeHead' | 'write' | 'end'>

/** Sends an answer. Fields that the response already has stay, unless the answer has them. */
export function sendAnswer(
  response: ServerResponse,
  { status, reason, fields, body }: Answer,
  { writeHead, end }: ResponseMethods = response,
): void {
  response.statusMessage = reason
  if (response.getHeaderNames().length === 0) {
    writeHead.call(response, status, fields as string[])
  } else {
    setHeaderList(response, fields)
    writeHead.call(response, status)
  }
  const finish = end as (this: ServerResponse, body?: string | Buffer, coding?: string) => void
  if (body === undefined) finish.call(response)
  else finish.call(response, bodyInOnePiece(body), 'latin1')
}

/** With a body in one piece with its head, a server answers 1.2 times the requests. */
const MAX_TEXT_SIZE = 16 * 1024

/**
 * Returns a body for `response.end(body, 'latin1')`. `node:http` sends a string together with the
 * head, and bytes in a write of their own, so a short body becomes a string. A long one would only
 * be copied once more.
 */
export function bodyInOnePiece(body: Buffer): string | Buffer {
  if (body.length > MAX_TEXT_SIZE) return body
  return (body as Buffer & NativeText).latin1Slice(0, body.length)
}

/** Applies the arguments of `writeHead` to the response, and sends nothing yet. */
export function applyHead(response: ServerResponse, args: readonly unknown[]): void {
  const [status, second, third] = args
  response.statusCode = Number(status)
  if (typeof second === 'string') response.statusMessage = second
  const given = typeof second === 'string' ? third : (third ?? second)
  if (Array.isArray(given)) {
    setHeaderList(response, Array.isArray(given[0]) ? given.flat() : given)
  } else if (typeof given === 'object' && given !== null) {
    for (const [name, value] of Object.entries(given as OutgoingHttpHeaders)) {
      response.setHeader(name, value as OutgoingHttpHeader)
    }
  }
}

/** @returns every field that is to be sent, with names in lower case */
export function fieldsOf(response: ServerResponse): HeaderField[] {
  const fields: HeaderField[] = []
  for (const [name, value] of Object.entries(response.getHeaders())) {
    for (const text of Array.isArray(value) ? value : [value]) {
      if (text !== undefined) fields.push([name, String(text)])
    }
  }
  return fields
}

/**
 * Sets names and values that alternate in a list. A name that stands there twice keeps both values,
 * and loses those that the response had before.
 */
function setHeaderList(response: ServerResponse, list: readonly string[]): void {
  for (let i = 0; i + 1 < list.length; i += 2) response.removeHeader(list[i])
  for (let i = 0; i + 1 < list.length; i += 2) response.appendHeader(list[i], list[i + 1])
}
