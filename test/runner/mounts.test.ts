/**
 * Several applications in one instance, each under a path.
 */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { requirePeer } from '../../testing/peers/peers.ts'
import { startUwsgiSite } from '../../testing/peers/uwsgi-site.ts'
import { type Runner, startServe, uwsgiPort } from '../../testing/runner-process.ts'
import type { Scope } from '../../testing/scope.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import { exchange, requestPacket } from '../../testing/uwsgi-requests.ts'
import { sendRaw } from '../uwsgi/rules/raw-http.ts'

/** Paths of requests, as clients write them. */
const TARGETS = [
  ...['/', '/a', '/a/', '/a/x?q=1', '/ab', '/a/b', '/a/b/c%20d', '/a/bc', '/other'],
  ...['/a%2Fx', '//a/x', '/a//x', '/a/../other', '/a/./b', '/%61/x'],
]

const MOUNTS = { '/a': 'one', '/a/b': 'two' }

/** Writes an application that says its name, its mount and its path. */
function nodeApp(directory: string, name: string): string {
  const path = join(directory, `${name}.mjs`)
  const text = `[${JSON.stringify(name)}, request.baseUrl ?? '', request.url].join(' ')`
  writeFileSync(path, `export default (request, response) => response.end(${text})\n`)
  return path
}

function startMounted(t: Scope, args: readonly string[]): Promise<Runner> {
  const directory = tempDir(t)
  const mounts = Object.entries(MOUNTS).flatMap(([path, name]) => {
    return ['--mount', `${path}=${nodeApp(directory, name)}`]
  })
  return startServe(t, [...mounts, '--http', '127.0.0.1:0', ...args])
}

describe('mount', () => {
  test('with manage-script-name chooses the application that a real uWSGI chooses', async t => {
    const command = requirePeer(t, 'uwsgi')
    if (command === undefined) return
    const directory = tempDir(t)
    const lines = Object.entries(MOUNTS).map(([path, name]) => {
      const file = join(directory, `${name}.py`)
      writeFileSync(file, pythonApp(name))
      return `mount = ${path}=${file}`
    })
    const theirs = await startUwsgiSite(
      t,
      command,
      ['manage-script-name = true', ...lines].join('\n'),
    )
    const ours = await startMounted(t, [
      '--manage-script-name',
      '--module',
      nodeApp(directory, 'page'),
    ])
    for (const target of TARGETS) {
      const [expected, got] = await Promise.all(
        [theirs.port, ours.port].map(port => sendRaw(port, target, {})),
      )
      const [name, mount, path] = (expected?.text ?? '').split('|')
      // The application at the root of that site says no mount.
      const wanted = name?.startsWith('page') ? 'page' : `${name} ${mount} ${path || '/'}`
      const text = got?.text ?? ''
      const given = wanted === 'page' ? text.split(' ')[0] : decodeURIComponent(withoutQuery(text))
      assert.equal(given, wanted, target)
    }
  })

  test('gives the application the rest of the path, and the whole one as originalUrl', async t => {
    const directory = tempDir(t)
    const app = join(directory, 'app.mjs')
    const text = 'JSON.stringify([request.baseUrl, request.url, request.originalUrl])'
    writeFileSync(app, `export default (request, response) => response.end(${text})\n`)
    const fetching = join(directory, 'fetch.mjs')
    writeFileSync(
      fetching,
      `export default request => new Response(new URL(request.url).pathname)\n`,
    )
    const runner = await startServe(t, [
      ...['--mount', `/blog/=${app}`, '--mount', `/fetch=${fetching}`, '--manage-script-name'],
      ...['--http', '127.0.0.1:0', '--response-route-run', `addheader:X-Uri: \${REQUEST_URI}`],
    ])
    const cases = {
      '/blog': ['/blog', '/', '/blog'],
      '/blog?q': ['/blog', '/?q', '/blog?q'],
      '/blog/a%2Fb?q=%20': ['/blog', '/a%2Fb?q=%20', '/blog/a%2Fb?q=%20'],
    }
    for (const [path, expected] of Object.entries(cases)) {
      const { body, headers } = await runner.get(path)
      assert.deepEqual(JSON.parse(body), expected)
      assert.equal(headers['x-uri'], path, 'rules see what the client asked for')
    }
    assert.equal((await runner.get('/fetch/x')).body, '/x')
  })

  test('without module gives all other requests to the first application', async t => {
    const runner = await startMounted(t, ['--manage-script-name'])
    assert.equal((await runner.get('/other?q')).body, 'one  /other?q')
    assert.equal((await runner.get('/a/b/c')).body, 'two /a/b /c')
  })

  test('without manage-script-name leaves the choice to SCRIPT_NAME of a web server', async t => {
    const runner = await startMounted(t, ['--socket', '127.0.0.1:0'])
    assert.match(runner.service.output(), /mount.*HTTP clients do not reach.*manage-script-name/)
    assert.equal((await runner.get('/a/b/c')).body, 'one  /a/b/c')
    const ask = (scriptName: string) => {
      const variables = { REQUEST_URI: '/a/b/c', SCRIPT_NAME: scriptName }
      return exchange(uwsgiPort(runner), requestPacket(variables))
    }
    assert.match(await ask('/a/b'), /\r\n\r\ntwo {2}\/a\/b\/c$/)
    assert.match(await ask('/a/b/'), /\r\n\r\none {2}\/a\/b\/c$/)
  })

  test('behind http-cache stores each application under its own URLs', async t => {
    const cached = ['--cache2', 'name=pages,items=100', '--http-cache', 'pages']
    const directory = tempDir(t)
    const mounts = ['a', 'b'].flatMap(name => {
      const path = join(directory, `${name}.mjs`)
      const body = `response.setHeader('Cache-Control', 'max-age=60').end('${name}' + ++count)`
      writeFileSync(path, `let count = 0\nexport default (request, response) => ${body}\n`)
      return ['--mount', `/${name}=${path}`]
    })
    const http = ['--http', '127.0.0.1:0', '--manage-script-name']
    const runner = await startServe(t, [...cached, ...mounts, ...http])
    for (let i = 0; i < 2; i++) {
      assert.equal((await runner.get('/a/x')).body, 'a1')
      assert.equal((await runner.get('/b/x')).body, 'b1')
    }
  })

  test('refuses what is no path, a path that is taken, and two applications at /', async t => {
    const app = nodeApp(tempDir(t), 'one')
    const refused = {
      'blog=app.js': /mount must be \/PATH=MODULE/,
      '/blog': /mount must be \/PATH=MODULE/,
      '/site.example|/a b=app.js': /mount must be \/PATH=MODULE/,
      '/x=site.py': /JavaScript or TypeScript module/,
      [`/=${app}`]: /module: mount has another application at \//,
    }
    const starts = (...args: string[]) =>
      startServe(t, ['--module', app, '--http', '127.0.0.1:0', ...args])
    for (const [mount, message] of Object.entries(refused)) {
      await assert.rejects(starts('--mount', mount), message)
    }
    await assert.rejects(starts('--mount', `/a=${app}`, '--mount', `/a/=${app}`), /is taken/)
  })
})

function pythonApp(name: string): string {
  return `
def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [('${name}|%s|%s' % (environ['SCRIPT_NAME'], environ['PATH_INFO'])).encode('latin-1')]
`
}

function withoutQuery(text: string): string {
  return text.split('?', 1)[0] ?? ''
}
