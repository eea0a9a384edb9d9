/** The warnings that a test causes. */

import type { TestContext } from 'node:test'

/** @returns a function that returns the codes of the warnings so far */
export function warningsOf(t: TestContext): () => string[] {
  const { mock } = t.mock.method(process, 'emitWarning', () => {})
  return () =>
    mock.calls.map(({ arguments: values }) => {
      const [, options] = values as unknown as [string, { code: string }]
      return options.code
    })
}
