/**
 * What an instance has open: its listening sockets and its caches. A reload opens what is new,
 * keeps what is the same, and closes what is gone once no worker uses it.
 */

import type { AccessOptions } from '../net/index.ts'
import { ServedCache } from './caches/serve-cache.ts'
import type { ServePlan } from './plan.ts'
import { keyOfSocket } from './replan.ts'
import { ListeningSocket } from './sockets/listening-sockets.ts'
import { PassedSocket } from './sockets/passed-socket.ts'
import type { PlannedSocket } from './sockets/plan-sockets.ts'
import { readAccess } from './sockets/socket-access.ts'
import { readTls, type TlsMaterial } from './sockets/tls.ts'

interface OpenSocket {
  readonly key: string
  readonly socket: ListeningSocket
}

interface OpenCache {
  /** As the configuration has it. */
  readonly name: string
  readonly served: ServedCache
}

/** What the start does between the steps of opening. */
export interface StartSteps {
  /** Called once the TCP sockets are bound, and before any file is made. */
  beforeFiles(): void
  /** Called once all sockets are bound. */
  beforeCaches(): void
}

const NO_STEPS: StartSteps = { beforeFiles() {}, beforeCaches() {} }

export class OpenParts {
  readonly #onLog: (line: string) => void
  #sockets: readonly OpenSocket[] = []
  #caches: readonly OpenCache[] = []
  #gone: (() => void)[] = []
  /** Sockets that were open before this process started, and are not used yet. */
  #passed: readonly PassedSocket[] = []

  constructor(onLog: (line: string) => void) {
    this.#onLog = onLog
  }

  /** In the order of the plan. */
  get sockets(): readonly ListeningSocket[] {
    return this.#sockets.map(({ socket }) => socket)
  }

  /** In the order of the plan. */
  get caches(): readonly ServedCache[] {
    return this.#caches.map(({ served }) => served)
  }

  /**
   * Opens the sockets and caches of a plan, apart from those that are open. If something cannot be
   * opened, nothing changes.
   *
   * @param steps - of the start, which come in between
   */
  async open(plan: ServePlan, steps: StartSteps = NO_STEPS): Promise<void> {
    const opened: (() => void)[] = []
    try {
      const access = plan.sockets.map(readAccess)
      const tls = plan.sockets.map(planned => this.#readTls(planned))
      const sockets: (OpenSocket | undefined)[] = this.#findOpen(plan)
      await this.#bind(plan, 'tcp', access, sockets, opened)
      // Only root may give a file away.
      if (plan.limits.owner !== undefined) await this.#bind(plan, 'unix', access, sockets, opened)
      steps.beforeFiles()
      await this.#bind(plan, 'unix', access, sockets, opened)
      steps.beforeCaches()
      const caches = await this.#openCaches(plan, opened)
      const present = sockets.filter(socket => socket !== undefined)
      for (const [index, { socket }] of present.entries()) {
        socket.access = access[index] ?? {}
        socket.tls = tls[index]
      }
      this.#dispose(present, caches)
      this.#sockets = present
      this.#caches = caches
    } catch (error) {
      for (const undo of opened.reverse()) undo()
      throw error
    }
  }

  /** Takes listening sockets of the service manager, which a plan may name by their address. */
  takePassed(descriptors: readonly number[]): void {
    this.#passed = descriptors.map(PassedSocket.take)
  }

  /** Closes the passed sockets that the plan does not name, and says so. */
  closePassed(): void {
    for (const passed of this.#passed) {
      this.#onLog(`no socket option names ${passed.addressText}, which systemd opened: closed`)
      passed.close()
    }
    this.#passed = []
  }

  /** Closes what an earlier plan had and the present one has not. */
  closeGone(): void {
    for (const close of this.#gone.splice(0)) close()
  }

  /** Accepts no more connections. */
  releaseSockets(): void {
    for (const { socket } of this.#sockets) socket.release(this.#onLog)
  }

  close(): void {
    this.releaseSockets()
    this.closeGone()
    for (const { served } of this.#caches) served.close()
    this.#caches = []
  }

  /** The user of this process may be another one by now, and then the certificate stays. */
  #readTls(planned: PlannedSocket): TlsMaterial | undefined {
    if (planned.tls === undefined) return undefined
    const present = this.#sockets.find(({ key }) => key === keyOfSocket(planned))?.socket.tls
    try {
      return readTls(planned.tls)
    } catch (error) {
      if (present === undefined || !isForbidden(error)) throw error
      const reason = error instanceof Error ? error.message : String(error)
      this.#onLog(`${reason}; the certificate of ${keyOfSocket(planned)} stays until a restart`)
      return present
    }
  }

  #findOpen(plan: ServePlan): (OpenSocket | undefined)[] {
    const left = [...this.#sockets]
    return plan.sockets.map(planned => {
      const index = left.findIndex(({ key }) => key === keyOfSocket(planned))
      return index === -1 ? undefined : left.splice(index, 1)[0]
    })
  }

  async #bind(
    plan: ServePlan,
    kind: 'tcp' | 'unix',
    access: readonly AccessOptions[],
    sockets: (OpenSocket | undefined)[],
    opened: (() => void)[],
  ): Promise<void> {
    for (const [index, planned] of plan.sockets.entries()) {
      if (planned.address.kind !== kind || sockets[index] !== undefined) continue
      const passed = this.#passed.find(each => each.serves(planned.address))
      this.#passed = this.#passed.filter(each => each !== passed)
      const socket =
        passed === undefined
          ? await ListeningSocket.bind(planned, access[index] ?? {}, plan.limits)
          : ListeningSocket.ofPassed(planned, access[index] ?? {}, passed)
      sockets[index] = { key: keyOfSocket(planned), socket }
      opened.push(() => socket.release(this.#onLog))
    }
  }

  async #openCaches(plan: ServePlan, opened: (() => void)[]): Promise<OpenCache[]> {
    const { instance, directory } = plan
    const caches: OpenCache[] = []
    for (const definition of plan.caches) {
      const { name } = definition
      const present = this.#caches.find(cache => cache.name === name)
      const keeping = { instance, directory, isServing: false, onLog: this.#onLog }
      const served = present?.served ?? (await ServedCache.open(definition, keeping))
      if (present === undefined) opened.push(() => served.close())
      caches.push({ name, served })
    }
    return caches
  }

  #dispose(sockets: readonly OpenSocket[], caches: readonly OpenCache[]): void {
    for (const { key, socket } of this.#sockets) {
      if (sockets.some(open => open.key === key && open.socket === socket)) continue
      this.#gone.push(() => socket.release(this.#onLog))
    }
    for (const { name, served } of this.#caches) {
      if (!caches.some(cache => cache.name === name)) this.#gone.push(() => served.close())
    }
  }
}

function isForbidden(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && cause.code === 'EACCES'
}
