/**
 * Every `npm run` command that is a program of ours answers `--help`, and refuses an option that it
 * does not have in one line.
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { BENCHMARKS } from '../../bench/benchmarks.ts'
import {
  CommandLineError,
  choiceOption,
  integerOption,
  readCommandLine,
  seedOption,
} from '../../testing/command-line.ts'
import { PATIENCE_MS } from '../../testing/deadline.ts'
import { ROOT } from '../../testing/root.ts'
import { readPackage } from '../tidy/package-json.ts'

interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

describe('the help of', { concurrency: 2 }, () => {
  for (const [name, command] of commands()) {
    test(`${name} says what it does, and lists its options`, async () => {
      const { code, stdout, stderr } = await runProgram([...command, '--help'])
      assert.equal(stderr, '')
      assert.match(stdout, /^Usage: npm /)
      assert.match(stdout, /^ {2}-h, --help +Print this help$/m)
      assert.ok(
        stdout.split('\n').every(line => line.length <= 100),
        'a line has more than 100 columns',
      )
      assert.equal(code, 0)
    })
  }
})

describe('a benchmark with a name', () => {
  for (const [name, benchmark] of BENCHMARKS) {
    test(`${name} has a help of its own, and refuses an option that it does not have`, async t => {
      const message = new RegExp(`^Usage: npm run bench -- ${name} `)
      await assert.rejects(benchmark(t, ['--help']), { message })
      await assert.rejects(benchmark(t, ['--sed=1']), CommandLineError)
    })
  }
})

describe('a misspelt option', { concurrency: 2 }, () => {
  for (const [name, command] of commands()) {
    test(`of ${name} is one line, and ends with exit code 2`, async () => {
      const { code, stdout, stderr } = await runProgram([...command, '--sed=1'])
      assert.equal(stdout, '')
      assert.match(stderr, /^npm .*--sed[^\n]*\n$/)
      assert.equal(code, 2)
    })
  }
})

describe('a command line', () => {
  const command = {
    name: 'npm run example',
    summary: ['Be an example.'],
    options: {
      kills: integerOption('Kills', { fallback: 10, min: 1, max: 100 }),
      size: choiceOption('Size', ['small', 'large'], 'small'),
      seed: seedOption(),
    },
    operands: { name: 'NAME', help: 'Names', allowed: ['one', 'two'] },
  }

  test('gives each value with its type, and the default of what is left out', () => {
    const { seed, ...values } = readCommandLine(command, ['--kills', '20', 'two'])
    assert.deepEqual(values, { kills: 20, size: 'small', operands: ['two'] })
    assert.ok(Number.isInteger(seed))
    assert.equal(readCommandLine(command, ['--seed=7']).seed, 7)
  })

  for (const args of [
    ['--kills', '0'],
    ['--kills', '1e1'],
    ['--size=huge'],
    ['three'],
    ['--kills'],
  ]) {
    test(`of ${args.join(' ')} is refused`, () => {
      assert.throws(() => readCommandLine(command, args), CommandLineError)
    })
  }
})

/** Each program of ours that npm runs, by its script's name. */
function commands(): (readonly [string, readonly string[]])[] {
  const found = Object.entries(readPackage().scripts).flatMap(([name, script]) => {
    const [, path, tier] = /^node (\S+\.js)( --tier \w+)?$/.exec(script) ?? []
    return path === undefined ? [] : [[name, [path, ...(tier?.trim().split(' ') ?? [])]] as const]
  })
  assert.ok(found.length >= 10)
  return found
}

async function runProgram([path = '', ...args]: readonly string[]): Promise<Answer> {
  return new Promise(resolve => {
    const command = [join(ROOT, path), ...args]
    execFile(process.execPath, command, { timeout: PATIENCE_MS }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr })
    })
  })
}
