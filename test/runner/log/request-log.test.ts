/**
 * What an instance logs, and where.
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { until, within } from '../../../testing/deadline.ts'
import { MAIN, startRunner, startServe, uwsgiPort } from '../../../testing/runner-process.ts'
import { tempDir } from '../../../testing/temp-dir.ts'
import { requestPacket } from '../../../testing/uwsgi-requests.ts'

const run = promisify(execFile)

describe('the request log', () => {
  test("has a line in uWSGI's format for each request", async t => {
    const runner = await startRunner(t, ['--log-requests'])
    const { body } = await runner.get('/pid')
    const [, pid] = await runner.waitForLine(
      new RegExp(
        String.raw`^\[pid: (\d+)\|app: 0\|req: 1/1\] 127\.0\.0\.1 \(\) \{\d+ vars in \d+ bytes\} ` +
          String.raw`\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\] GET /pid => ` +
          String.raw`generated ${body.length} bytes in \d+ msecs \(HTTP/1\.1 200\) ` +
          String.raw`\d headers in \d+ bytes \(1 switches on core 0\)$`,
      ),
    )
    assert.equal(pid, body)
  })

  test('has requests of the uwsgi protocol with their variables', async t => {
    const format = ['--log-format', 'seen %(addr) %(user) %(uri) %(proto) %(status)']
    const runner = await startRunner(t, ['--socket', '127.0.0.1:0', ...format])
    const variables = { REMOTE_ADDR: '192.0.2.7', REMOTE_USER: 'ada', SERVER_PROTOCOL: 'HTTP/2.0' }
    const socket = connect({ port: uwsgiPort(runner), host: '127.0.0.1' })
    socket.write(requestPacket({ REQUEST_URI: '/worker?by-uwsgi', ...variables }))
    await within('the answer', text(socket))
    await runner.waitForLine(/^seen 192\.0\.2\.7 ada \/worker\?by-uwsgi HTTP\/2\.0 200$/)
  })

  test('has what rules add, and not what rules exclude', async t => {
    const runner = await startRunner(t, [
      ...['--log-format', 'line %(uri) %(who)', '--route', '^/worker logvar:who=me'],
      ...['--route', '^/cwd donotlog:'],
    ])
    await runner.get('/cwd')
    await runner.get('/worker')
    await runner.waitForLine(/^line \/worker me$/)
    assert.doesNotMatch(runner.service.output(), /line \/cwd/)
  })

  test('with disable-logging has only what the other options ask for', async t => {
    const runner = await startRunner(t, [
      ...['--log-format', 'line %(uri)', '--disable-logging', '--log-4xx'],
    ])
    await runner.get('/worker')
    await runner.get('/nowhere')
    await runner.waitForLine(/^line \/nowhere$/)
    assert.doesNotMatch(runner.service.output(), /line \/worker/)
  })

  test('loses no line when the workers end', async t => {
    const runner = await startRunner(t, ['--log-format', 'line %(uri)'])
    await runner.get('/worker?last')
    runner.signal('SIGTERM')
    await runner.service.exit()
    assert.match(runner.service.output(), /^line \/worker\?last$/m)
  })

  test('with log-json is one document for each request', async t => {
    const runner = await startRunner(t, ['--log-json'])
    await runner.get('/worker?x=%22')
    const [line = ''] = await runner.waitForLine(/^\{.*"uri":"\/worker.*\}$/)
    assert.deepEqual([JSON.parse(line).uri, JSON.parse(line).status], ['/worker?x=%22', 200])
  })

  test('with a misspelt variable stops the start with exit code 2', async t => {
    const args = [MAIN, 'serve', '--http', '127.0.0.1:0', '--log-format', '%(stauts)']
    await assert.rejects(run(process.execPath, args, { cwd: tempDir(t) }), {
      code: 2,
      stderr: /log-format: %\(stauts\) is not a variable.*status/,
    })
  })
})

describe('a log file', () => {
  test('has the output of all processes, and is opened again after it was renamed', async t => {
    const logFile = join(tempDir(t), 'site.log')
    const touched = join(tempDir(t), 'reopen')
    const reopen = ['--log-requests', '--touch-logreopen', touched]
    const runner = await startRunner(t, ['--processes', '2', ...reopen], { logFile })
    const old = `${logFile}.1`
    renameSync(logFile, old)
    await runner.get('/worker?to-the-old-file')
    const isIn = (path: string, found: RegExp) =>
      until(`${found} in ${path}`, () => found.test(existing(path)))
    await isIn(old, /\/worker\?to-the-old-file/)
    runner.signal('SIGUSR1')
    await isIn(logFile, /opened again/)
    await until('a request in the new file', async () => {
      await runner.get('/worker?to-the-new-file')
      return existing(logFile).includes('to-the-new-file')
    })
    renameSync(logFile, old)
    writeFileSync(touched, '')
    await until('the third file', async () => {
      await runner.get('/worker?to-the-third-file')
      const content = existing(logFile)
      return content.includes('opened again') && content.includes('to-the-third-file')
    })
  })

  test('that cannot be written ends the start with exit code 3', async t => {
    const args = [MAIN, 'serve', '--http', '127.0.0.1:0', '--logto', '/nonexistent/x.log']
    await assert.rejects(run(process.execPath, args, { cwd: tempDir(t) }), {
      code: 3,
      stderr: /cannot write the log file: ENOENT/,
    })
  })

  test('has the time before each line with log-date', async t => {
    const runner = await startServe(t, [
      ...['--http', '127.0.0.1:0', '--log-date=%Y-%m-%d', '--disable-logging'],
    ])
    for (const line of runner.service.output().trim().split('\n')) {
      assert.match(line, /^\d{4}-\d\d-\d\d - /)
    }
  })
})

function existing(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
