/**
 * A stage that is one command and counts as one test: it passes when the command exits with 0.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { ROOT } from '../root.ts'
import type { StageResult } from './results.ts'

/** Runs a script of a development dependency; its output goes straight to the terminal. */
export async function runCommand(name: string, args: readonly string[]): Promise<StageResult> {
  console.log(`\n${name}`)
  const startedMs = performance.now()
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' })
  const [code] = await once(child, 'close')
  const passed = code === 0 ? 1 : 0
  return { name, passed, failed: 1 - passed, skipped: [], ms: performance.now() - startedMs }
}
