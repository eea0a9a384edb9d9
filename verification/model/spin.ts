/**
 * Runs Spin on a model: generates the verifier, compiles it, and visits every state.
 */

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ROOT } from '../../testing/root.ts'

/** The depth limit of the search, far above what any model here needs. */
const DEPTH = 1_000_000

export interface Verdict {
  readonly states: number
  readonly errors: number
  /** The violated assertion, or "invalid end state"; undefined without errors. */
  readonly error: string | undefined
}

/** How a search is made. A small one takes less time than the compiler's optimizations do. */
const SEARCHES = {
  small: { optimization: '-O0', hashBits: 20 },
  large: { optimization: '-O2', hashBits: 24 },
} as const

export interface ModelRun {
  /** The name of a model: `verification/model/MODEL.pml`. */
  readonly model: string
  readonly constants: Readonly<Record<string, number>>
  /** `large`: there are many millions of states. */
  readonly search: keyof typeof SEARCHES
  /** Receives the generated files. */
  readonly directory: string
  /** The command of Spin. */
  readonly spin?: string
}

/**
 * Visits every state of a model with these constants.
 *
 * @throws Error with the tool's output if a tool fails or the search is incomplete
 */
export async function checkModel(options: ModelRun): Promise<Verdict> {
  const { model, constants, search, directory, spin = 'spin' } = options
  const { optimization, hashBits } = SEARCHES[search]
  const defines = Object.entries(constants).map(([name, value]) => `-D${name}=${value}`)
  await run(spin, [...defines, '-a', join(ROOT, 'verification/model', `${model}.pml`)], directory)
  await run('cc', [optimization, '-DSAFETY', '-DCOLLAPSE', '-o', 'pan', 'pan.c'], directory)
  const output = await run('./pan', [`-m${DEPTH}`, `-w${hashBits}`], directory)
  const [, errors] = /errors: (\d+)/.exec(output) ?? []
  const [, states] = /([\d.e+]+) states, stored/.exec(output) ?? []
  if (errors === undefined || states === undefined || /search not completed/i.test(output)) {
    if (errors === undefined || errors === '0') throw new Error(`no verdict: ${output}`)
  }
  const [, error] = /pan:\d+: (.*) \(at depth/.exec(output) ?? []
  return { states: Number(states), errors: Number(errors), error }
}

function run(command: string, args: readonly string[], directory: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    child.once('error', reject)
    child.once('close', code => {
      if (code === 0) resolve(output)
      else reject(new Error(`${command} ended with ${code}: ${output.slice(-2000)}`))
    })
  })
}
