import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { loadApp } from '../../../src/runner/apps/index.ts'
import { tempDir } from '../../../testing/temp-dir.ts'
import { loadText, serveHttp, writeModule } from './serving.ts'

const RUNS_TYPESCRIPT = 'typescript' in process.features && process.features.typescript !== false

/** What the app in a module with this text answers. */
async function answerOf(t: TestContext, text: string, options = {}): Promise<string> {
  const url = await serveHttp(t, await loadText(t, text, options))
  return (await fetch(`${url}/path?q=1`)).text()
}

describe('an app is', () => {
  const apps: Readonly<Record<string, string>> = {
    'a Fetch handler': 'export default request => new Response(new URL(request.url).pathname)',
    'a Fetch handler that is async':
      'export default async request => new Response(new URL(request.url).pathname)',
    'an object with fetch':
      'export default { path: r => new URL(r.url).pathname, ' +
      'fetch(request, bindings) { return new Response(this.path(request)) } }',
    'a Node listener':
      "export default (request, response) => response.end(request.url.split('?')[0])",
    'a Node listener that is async':
      "export default async (request, response) => response.end(request.url.split('?')[0])",
    "a function of three parameters, as Express's apps are":
      "export default (request, response, next) => response.end(request.url.split('?')[0])",
    'an http.Server':
      "import { createServer } from 'node:http'\n" +
      "export default createServer((request, response) => response.end(request.url.split('?')[0]))",
    'a promise of one': 'export default Promise.resolve(() => new Response("/path"))',
  }
  for (const [what, text] of Object.entries(apps)) {
    test(what, async t => assert.equal(await answerOf(t, text), '/path'))
  }
})

describe('the app of a module is', () => {
  test('the export that callable names', async t => {
    const text = "export default 1\nexport const app = () => new Response('named')"
    assert.equal(await answerOf(t, text, { callable: 'app' }), 'named')
  })

  test('module.exports of a CommonJS module, or one of its properties', async t => {
    const whole = "module.exports = (request, response) => response.end('whole')"
    assert.equal(await answerOf(t, whole, { name: 'app.cjs' }), 'whole')
    const part =
      "module.exports = Object.assign({}, { app: (_, response) => response.end('part') })"
    assert.equal(await answerOf(t, part, { name: 'app.cjs', callable: 'app' }), 'part')
  })

  test('the default of an ES module that was compiled to CommonJS', async t => {
    const text =
      "Object.defineProperty(exports, '__esModule', { value: true })\n" +
      "exports.default = () => new Response('compiled')"
    assert.equal(await answerOf(t, text, { name: 'app.cjs' }), 'compiled')
  })
})

describe('a module is found', () => {
  test('by a path relative to the directory, with or without its extension', async t => {
    const path = writeModule(t, "export default () => new Response('ok')", 'my.app.mjs')
    for (const module of ['my.app.mjs', './my.app', 'my.app']) {
      assert.equal(typeof (await loadApp({ module, directory: dirname(path) })), 'function')
    }
  })

  test('by the name of a package that the directory can import', async t => {
    const directory = tempDir(t)
    const home = join(directory, 'node_modules', 'my-app')
    mkdirSync(home, { recursive: true })
    const facts = { name: 'my-app', type: 'module', exports: './main.js' }
    writeFileSync(join(home, 'package.json'), JSON.stringify(facts))
    writeFileSync(join(home, 'main.js'), "export default () => new Response('ok')")
    assert.equal(typeof (await loadApp({ module: 'my-app', directory })), 'function')
  })

  test('in TypeScript where Node runs that; elsewhere the error says what to do', async t => {
    const text = "export default (request: Request): Response => new Response('typed')"
    const answer = answerOf(t, text, { name: 'app.mts' })
    if (RUNS_TYPESCRIPT) assert.equal(await answer, 'typed')
    else await assert.rejects(answer, /cannot import .*app\.mts.*22\.18.*--import tsx/)
  })
})

describe('what is no app is refused with the file, what is there, and what is allowed', () => {
  const refused: Readonly<
    Record<string, readonly [text: string, message: RegExp, callable?: string]>
  > = {
    'no default export': [
      'export const app = 1, other = 2',
      /app\.mjs has no default export; it exports app, other\..*callable.*Fetch handler/,
    ],
    'no export': ['1', /app\.mjs has no default export; it exports nothing\./],
    'an export of another name': [
      'export const other = 1',
      /app\.mjs has no export "app"; it exports other\..*http\.Server/,
      'app',
    ],
    'a text': ["export const app = 'x'", /the export "app" is "x"; an app is a Fetch/, 'app'],
    'an object without fetch': ['export default { get: 1 }', /default .* an object with get; an/],
    'a class': ['export default class {}', /is a class; an app/],
    "Koa's own object": [
      'export default { middleware: [], callback() {} }',
      /is an object of Koa \(export app\.callback\(\) instead\); an app/,
    ],
    'an error while it is imported': [
      "throw new Error('no database')",
      /cannot import .*app\.mjs: no database/,
    ],
    'a mistake in its text': [
      'export default {',
      /cannot import .*app\.mjs: .*; `node .*app\.mjs` shows where/,
    ],
    'a missing import': ["import 'no-such-package'", /app\.mjs: .*no-such-package/],
  }
  for (const [what, [text, message, callable]] of Object.entries(refused)) {
    test(what, async t => {
      const loading = loadText(t, text, callable === undefined ? {} : { callable })
      await assert.rejects(loading, { code: 'UNDERCROFT_APP_INVALID', message })
    })
  }

  test('no file and no package', async t => {
    const directory = tempDir(t)
    await assert.rejects(loadApp({ module: 'nowhere.js', directory }), {
      code: 'UNDERCROFT_APP_INVALID',
      message: /neither a file \/.*\/nowhere\.js nor a package nowhere\.js/,
    })
  })
})
