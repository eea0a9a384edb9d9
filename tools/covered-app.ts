/**
 * The application of `files-of-a-call.js http-hit`: one page that may be stored. SIGUSR2 makes its
 * worker begin to measure, and again SIGUSR2 makes it print what ran.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { CallCoverage } from './call-coverage.ts'

let coverage: CallCoverage | undefined

process.on('SIGUSR2', async () => {
  if (coverage === undefined) {
    coverage = await CallCoverage.start()
    process.stdout.write('coverage begins\n')
  } else {
    process.stdout.write(`coverage: ${JSON.stringify(await coverage.end())}\n`)
    coverage = undefined
  }
})

export default function app(_: IncomingMessage, response: ServerResponse): void {
  response.setHeader('cache-control', 'max-age=600')
  response.end('page')
}
