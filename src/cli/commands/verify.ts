/** `undercroft verify`: checks every invariant of a cache. */

import { EXIT } from '../exit-codes.ts'
import { writeJson, writeLine } from '../output.ts'
import { cacheCommand } from './cache-command.ts'
import { withTarget } from './command.ts'

export const VERIFY = cacheCommand({
  name: 'verify',
  words: '',
  summary: 'Check every invariant; exit with 3 if one is broken',
  act: context =>
    withTarget(context, async target => {
      const { stdout } = context.environment
      const report = await target.verify()
      if (context.isJson) await writeJson(stdout, report)
      else {
        const verdict = report.ok ? 'ok' : `corrupt: ${report.problems.length} problems`
        await writeLine(stdout, `${verdict}, ${report.items} items`)
        for (const problem of report.problems) await writeLine(stdout, `  ${problem}`)
      }
      return report.ok ? EXIT.done : EXIT.failure
    }),
})
