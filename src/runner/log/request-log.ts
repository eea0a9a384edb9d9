/**
 * The request log of a worker: which requests are logged, and where their lines go.
 */

import type { IncomingMessage } from 'node:http'
import type { RequestLogFacts } from '../../uwsgi/rules/index.ts'
import { jsonFormat } from './json-line.ts'
import type { LineWriter } from './line-writer.ts'
import {
  compileFormat,
  DEFAULT_FORMAT,
  type LineFormat,
  type LogFacts,
  type LoggedRequest,
  statusOf,
} from './log-format.ts'
import type { PlannedRequestLog } from './plan-log.ts'

export class RequestLog {
  readonly #plan: PlannedRequestLog
  readonly #format: LineFormat
  readonly #writer: LineWriter
  readonly #factsOfRules: (request: IncomingMessage) => RequestLogFacts

  /** @returns undefined if no request is logged */
  static of(
    plan: PlannedRequestLog,
    facts: LogFacts,
    writer: LineWriter,
    factsOfRules: (request: IncomingMessage) => RequestLogFacts,
  ): RequestLog | undefined {
    const isWanted = plan.logsAll || plan.logs4xx || plan.logs5xx || plan.slowMs !== undefined
    return isWanted ? new RequestLog(plan, facts, writer, factsOfRules) : undefined
  }

  private constructor(
    plan: PlannedRequestLog,
    facts: LogFacts,
    writer: LineWriter,
    factsOfRules: (request: IncomingMessage) => RequestLogFacts,
  ) {
    this.#plan = plan
    this.#format = compileRequestLog(plan, facts)
    this.#writer = writer
    this.#factsOfRules = factsOfRules
  }

  take(logged: LoggedRequest): void {
    if (!this.#plan.logsAll && !this.#isNotable(logged)) return
    const { isLogged, variables } = this.#factsOfRules(logged.request)
    if (!isLogged) return
    this.#format(this.#writer.line, logged, variables)
    this.#writer.endLine()
  }

  #isNotable({ response, tookMs }: LoggedRequest): boolean {
    const { logs4xx, logs5xx, slowMs } = this.#plan
    const status = statusOf(response)
    if (logs4xx && status >= 400 && status < 500) return true
    if (logs5xx && status >= 500) return true
    return slowMs !== undefined && tookMs >= slowMs
  }
}

/** @throws UndercroftError `UNDERCROFT_OPTION_INVALID` */
export function compileRequestLog(plan: PlannedRequestLog, facts: LogFacts): LineFormat {
  const { format, isJson, dateFormat, logVariables } = plan
  if (isJson) return jsonFormat(facts)
  if (format === undefined) return compileFormat(DEFAULT_FORMAT, 'log-format', facts, { empty: '' })
  return compileFormat(format.text, format.label, facts, {
    logVariables,
    ...(dateFormat === undefined ? {} : { dateFormat }),
  })
}
