/**
 * A clone of http-tests/cache-tests: its tests, its published results, its origin server, and its
 * client. Nothing of it is part of this project.
 */

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { Scope } from '../../testing/scope.ts'
import { startService } from '../../testing/service.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import {
  gradeAll,
  readResults,
  readTests,
  type ScoreRow,
  type SuiteTest,
  scoreOf,
  type TestResults,
} from './grading.ts'

const REPOSITORY = 'https://github.com/http-tests/cache-tests'

export interface Suite {
  readonly folder: string
  /** Of its package. */
  readonly version: string
  /** Of the commit that is checked out, as YYYY-MM-DD and a short hash. */
  readonly commit: string
  readonly tests: readonly SuiteTest[]
}

/** @throws Error that says what is missing in the folder */
export async function openSuite(path: string): Promise<Suite> {
  const folder = resolve(path)
  const testsFile = join(folder, 'tests', 'index.mjs')
  if (!existsSync(testsFile)) {
    throw new Error(`${folder} is not a clone of ${REPOSITORY}; make one with git clone`)
  }
  if (!existsSync(join(folder, 'node_modules', 'undici'))) {
    throw new Error(`the suite lacks its packages; run npm install in ${folder}`)
  }
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const { default: suites } = await import(pathToFileURL(testsFile).href)
  return { folder, version, commit: await commitOf(folder), tests: readTests(suites) }
}

async function commitOf(folder: string): Promise<string> {
  try {
    const args = ['-C', folder, 'log', '-1', '--format=%cs %h']
    return (await promisify(execFile)('git', args)).stdout.trim()
  } catch {
    return 'unknown commit'
  }
}

/** The results that the suite publishes for proxies and CDNs. */
export async function publishedScores({ folder, tests }: Suite): Promise<ScoreRow[]> {
  const { default: index } = await import(pathToFileURL(join(folder, 'results/index.mjs')).href)
  const published = index as { file: string; name: string; type: string; version: string }[]
  return published
    .filter(({ type }) => type !== 'browser')
    .map(({ file, name, version }) => {
      const results: TestResults = JSON.parse(readFileSync(join(folder, 'results', file), 'utf8'))
      return { name, version, score: scoreOf(tests, gradeAll(tests, results)) }
    })
}

/** Starts the suite's origin server; its port. */
export async function startOrigin(scope: Scope, { folder }: Suite): Promise<number> {
  const port = await freePort()
  const env = {
    npm_config_protocol: 'http',
    npm_config_port: String(port),
    npm_config_pidfile: join(tempDir(scope), 'origin.pid'),
  }
  const script = join(folder, 'test-engine', 'server', 'server.mjs')
  const service = await startService(scope, process.execPath, [script], { cwd: folder, env })
  await service.waitFor('to listen', output => output.includes('Listening on') || undefined)
  return port
}

/** Runs all tests against the cache at this port. Takes two to three minutes, mostly waiting. */
export async function runClient({ folder }: Suite, port: number): Promise<TestResults> {
  const env = {
    ...process.env,
    npm_config_base: `http://127.0.0.1:${port}`,
    npm_config_id: '',
    npm_package_config_id: '',
  }
  const script = join(folder, 'test-engine', 'cli.mjs')
  const child = spawn(process.execPath, ['--no-warnings', script], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'ignore'], // it reports on stderr what its results say again
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`the suite's client ended with code ${code}:\n${output}`)
  return readResults(output)
}

/** The origin takes a number, and says which one only for its own URLs. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port is free')
  return address.port
}
