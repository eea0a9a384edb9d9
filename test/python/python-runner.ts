/**
 * Runs the tests of the Python package (python/tests/) and reports each as a test of its own.
 *
 * Python prints lines of JSON. A line has the result of a test, or an order for the server under
 * test, such as a restart. Python waits until the order is done.
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { within } from '../../testing/deadline.ts'
import { ROOT } from '../../testing/root.ts'
import { onEnd } from '../../testing/scope.ts'

export interface PythonRun {
  readonly command: string
  /** Modules of python/tests/. */
  readonly modules: readonly string[]
  readonly env: Readonly<Record<string, string>>
  onOrder?(order: string): Promise<void>
}

interface Line {
  readonly test?: string
  readonly outcome?: 'passed' | 'failed' | 'skipped'
  readonly reason?: string
  readonly order?: string
  readonly done?: boolean
}

/** Python reports unclosed sockets on stderr, which fails the test. Other warnings are ignored. */
const PYTHON_ENV = {
  PYTHONDONTWRITEBYTECODE: '1',
  PYTHONWARNINGS: 'ignore,default::ResourceWarning',
}

const RUN_LIMIT_MS = 120_000

export async function runPythonTests(t: TestContext, run: PythonRun): Promise<void> {
  const child = spawn(run.command, [join(ROOT, 'python/tests/run.py'), ...run.modules], {
    env: { ...process.env, ...run.env, ...PYTHON_ENV },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  onEnd(t, () => child.kill('SIGKILL'))
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const closed = once(child, 'close')
  let isDone = false
  const reading = (async () => {
    for await (const text of createInterface({ input: child.stdout })) {
      const line: Line = JSON.parse(text)
      if (line.order !== undefined) {
        await run.onOrder?.(line.order)
        child.stdin.write('done\n')
      } else if (line.test !== undefined) {
        await report(t, line)
      }
      isDone ||= line.done === true
    }
  })()
  await within('the Python tests to end', reading, RUN_LIMIT_MS)
  await within('Python to end', closed)
  assert.ok(isDone, `Python ended before its tests did:\n${errors}`)
  assert.equal(errors, '', 'Python wrote nothing to stderr')
}

async function report(t: TestContext, { test = '', outcome, reason = '' }: Line): Promise<void> {
  const options = outcome === 'skipped' ? { skip: reason } : {}
  await t.test(test, options, () => {
    if (outcome !== 'passed') throw new Error(reason)
  })
}
