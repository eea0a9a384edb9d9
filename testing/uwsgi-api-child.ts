/**
 * A process that calls uWSGI's functions on request of the test.
 */

import * as api from '../src/uwsgi/index.ts'
import { answer } from './child-side.ts'

export type FunctionName = Exclude<keyof typeof api, 'opt' | 'send_message'>

export interface CallRequest {
  readonly name: FunctionName
  readonly args: readonly unknown[]
}

/** The result of the call. Bytes arrive as bytes. */
export type CallReply = { readonly value: unknown } | { readonly code: string }

if (process.send !== undefined) {
  answer<CallRequest, CallReply>(async ({ name, args }) => {
    try {
      return { value: await callByName(name, args) }
    } catch (error) {
      return { code: (error as { code?: string }).code ?? String(error) }
    }
  })
}

export function callByName(name: FunctionName, args: readonly unknown[]): unknown {
  const functions = api as unknown as Record<FunctionName, (...given: unknown[]) => unknown>
  return functions[name](...args)
}
