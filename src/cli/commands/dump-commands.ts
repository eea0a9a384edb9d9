/**
 * `undercroft dump` and `undercroft load`.
 */

import type { Clock } from '../../base/index.ts'
import { type DumpProgress, dump, load } from '../../dump/index.ts'
import { flagOption, type OptionRow } from '../../uwsgi/options/index.ts'
import type { CommandOutput } from '../environment.ts'
import { EXIT, writeJson, writeLine } from '../output.ts'
import { namedCacheCommand, withTarget } from './command.ts'

const FLAG = { group: 'command', support: 'now', kind: 'flag' } as const

const BINARY_ROW: OptionRow = {
  ...FLAG,
  name: 'binary',
  description: 'Write the binary form, which is smaller and faster, instead of lines of JSON.',
}

const TRUSTED_ROW: OptionRow = {
  ...FLAG,
  name: 'trusted',
  description:
    "Also load values of V8's serialization and of codecs. Only for dumps from a trusted source.",
}

export const DUMP = namedCacheCommand({
  rows: [BINARY_ROW],
  act: context =>
    withTarget(context, async target => {
      const { stdout, stderr, topHost } = context.environment
      const form = flagOption(context.options, 'binary') ? 'binary' : 'ndjson'
      const progress = showProgress(stderr, topHost.clock)
      for await (const chunk of dump(target, { form, onProgress: progress.update })) {
        await stdout.write(chunk)
      }
      progress.end()
      return EXIT.done
    }),
})

export const LOAD = namedCacheCommand({
  rows: [TRUSTED_ROW],
  act: context =>
    withTarget(context, async target => {
      const { stdin, stdout, stderr, topHost } = context.environment
      const trusted = flagOption(context.options, 'trusted')
      const progress = showProgress(stderr, topHost.clock)
      const report = await load(target, stdin, { trusted, onProgress: progress.update })
      progress.end()
      const { stored, expired, refused, unreadable } = report
      if (context.isJson) await writeJson(stdout, report)
      else {
        await writeLine(stdout, `${stored} stored`)
        if (expired > 0) await writeLine(stdout, `${expired} had ended`)
        if (refused > 0)
          await writeLine(stderr, `undercroft: ${refused} not stored: the cache is full`)
        if (unreadable > 0) {
          const why = trusted
            ? 'the cache is remote, or a newer V8 wrote them'
            : "V8's serialization or a codec wrote them; see --trusted"
          await writeLine(stderr, `undercroft: ${unreadable} not stored: ${why}`)
        }
      }
      return refused + unreadable > 0 ? EXIT.miss : EXIT.done
    }),
})

/** Milliseconds between two updates of the line. */
const UPDATE_INTERVAL_MS = 100

/** Keeps one line of a terminal up to date. Elsewhere it shows nothing. */
function showProgress({ isTTY, write }: CommandOutput, clock: Clock) {
  let isShown = false
  let shownAtMs = Number.NEGATIVE_INFINITY
  const show = (text: string) => {
    isShown = true
    write(text).catch(() => {}) // no process reads the output any more
  }
  return {
    update({ items, bytes }: DumpProgress): void {
      const nowMs = clock.elapsedMs()
      if (!isTTY || nowMs - shownAtMs < UPDATE_INTERVAL_MS) return
      shownAtMs = nowMs
      show(`\r${items} items, ${(bytes / 2 ** 20).toFixed(1)} MiB`)
    },
    /** Clears the line. */
    end(): void {
      if (isShown) show('\r\u001b[K')
    },
  }
}
