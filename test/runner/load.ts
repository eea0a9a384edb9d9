/**
 * Clients that send requests without a pause until they are stopped, and all their failures.
 */

import { Agent, request } from 'node:http'
import { onEnd, type Scope } from '../../testing/scope.ts'

/** A TCP port on loopback, or the path of a Unix socket. */
export interface LoadTarget {
  readonly port?: number
  readonly socketPath?: string
}

export interface LoadOutcome {
  readonly answers: number
  /** One line for each request that had no good answer. */
  readonly failures: readonly string[]
  /** What the answers said, each text once. */
  readonly bodies: ReadonlySet<string>
}

/** Half of the clients keep their connections, half take a new one for each request. */
export class Load {
  #isOver = false
  #answers = 0
  readonly #failures: string[] = []
  readonly #bodies = new Set<string>()
  readonly #agents: readonly Agent[]
  readonly #clients: readonly Promise<void>[]

  constructor(scope: Scope, target: LoadTarget, path: string, clientCount = 8) {
    this.#agents = Array.from(
      { length: clientCount },
      (_, index) => new Agent({ keepAlive: index % 2 === 0, maxSockets: 1 }),
    )
    this.#clients = this.#agents.map(agent => this.#ask(agent, target, path))
    onEnd(scope, () => this.stop())
  }

  get answers(): number {
    return this.#answers
  }

  async stop(): Promise<LoadOutcome> {
    this.#isOver = true
    await Promise.all(this.#clients)
    for (const agent of this.#agents) agent.destroy()
    return { answers: this.#answers, failures: this.#failures, bodies: this.#bodies }
  }

  async #ask(agent: Agent, target: LoadTarget, path: string): Promise<void> {
    while (!this.#isOver && this.#failures.length < MAX_FAILURES) {
      try {
        this.#bodies.add(await askOnce(agent, target, path))
        this.#answers++
      } catch (error) {
        this.#failures.push(`after ${this.#answers} answers: ${error}`)
      }
    }
  }
}

const MAX_FAILURES = 20

function askOnce(agent: Agent, target: LoadTarget, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { port, socketPath } = target
    const asking = request({ host: '127.0.0.1', port, socketPath, path, agent }, response => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      response.once('end', () => {
        if (response.statusCode === 200) resolve(body)
        else reject(new Error(`status ${response.statusCode}`))
      })
      response.once('error', reject)
    })
    asking.once('error', reject).end()
  })
}
