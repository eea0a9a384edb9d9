/**
 * What an app may say in an answer, but not by the uwsgi protocol: it has one answer for each
 * connection, without framing, and none before the final one. nginx would pass all of that on as
 * part of the page.
 */

import type { OutgoingHttpHeader, ServerResponse } from 'node:http'

/** Makes the response leave it out, however the app says it. */
export function restrictAnswer(response: ServerResponse): void {
  const setHeader = response.setHeader.bind(response)
  const appendHeader = response.appendHeader.bind(response)
  const { writeHead } = response
  Object.assign(response, {
    setHeader: (name: string, value: OutgoingHttpHeader) =>
      isOfConnection(name) ? response : setHeader(name, value),
    appendHeader: (name: string, value: string | readonly string[]) =>
      isOfConnection(name) ? response : appendHeader(name, value),
    writeHead: (...args: readonly unknown[]) =>
      Reflect.apply(writeHead, response, args.map(withoutConnection)),
    ...Object.fromEntries(INTERIM_METHODS.map(name => [name, skip])),
  })
}

/** `Transfer-Encoding: chunked` would make Node frame the body; `Connection` keep it waiting. */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'connection',
  'keep-alive',
])

/** Node's methods that send a status 1xx at once. */
const INTERIM_METHODS = [
  'writeContinue',
  'writeProcessing',
  'writeEarlyHints',
  'writeInformation',
] as const

function isOfConnection(name: unknown): boolean {
  return CONNECTION_FIELDS.has(String(name).toLowerCase())
}

/** Fields come as an object, as pairs, or as names and values by turns; all else stays. */
function withoutConnection(argument: unknown): unknown {
  if (Array.isArray(argument)) {
    return Array.isArray(argument[0])
      ? argument.filter(([name]) => !isOfConnection(name))
      : argument.filter((_, index) => !isOfConnection(argument[index - (index % 2)]))
  }
  if (typeof argument !== 'object' || argument === null) return argument
  return Object.fromEntries(Object.entries(argument).filter(([name]) => !isOfConnection(name)))
}

/** Nothing is sent, which is what the callback waits for. */
function skip(...args: readonly unknown[]): void {
  const callback = args.at(-1)
  if (typeof callback === 'function') process.nextTick(callback)
}
