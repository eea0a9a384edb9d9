#!/usr/bin/env node

/** The `undercroft` command: connects `run` to this process. */

import { serveHost } from './commands/open-server.ts'
import { openTarget } from './commands/open-target.ts'
import type { CommandEnvironment, CommandOutput } from './environment.ts'
import { nodeHostEnvironment } from './node-host-environment.ts'
import { run } from './run.ts'
import { nodeTopHost } from './top/node-top.ts'

const environment: CommandEnvironment = {
  stdin: process.stdin,
  stdout: streamOutput(process.stdout),
  stderr: streamOutput(process.stderr),
  host: nodeHostEnvironment(),
  serveHost,
  topHost: nodeTopHost(process.stdout),
  openTarget,
  untilStopped: () =>
    new Promise(resolve => {
      // Only once: the same signal again ends the process the hard way.
      process.once('SIGTERM', resolve)
      process.once('SIGINT', resolve)
    }),
}

process.exitCode = await run(process.argv.slice(2), environment)

function streamOutput(stream: NodeJS.WriteStream): CommandOutput {
  // The reader has gone, as with `keys | head`: what is left is printed for nobody. Not a reason to
  // end, for a server must outlive whoever watched it start.
  stream.on('error', () => {})
  return {
    isTTY: stream.isTTY === true,
    write: chunk => new Promise(resolve => stream.write(chunk, () => resolve())),
  }
}
