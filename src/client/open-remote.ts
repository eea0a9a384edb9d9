/**
 * One remote cache: its connections, and what concerns all its items together.
 *
 * What is done with single items is in remote-cache.ts.
 */

import { type CacheStats, type KeyPage, requireInteger, type VerifyReport } from '../base/index.ts'
import { formatAddress, MAX_KEYS_LIMIT, parseIdentifier } from '../protocols/uwsgi/index.ts'
import { RemoteCommands } from './commands.ts'
import { countOf, jsonOf, listOf } from './fields.ts'
import { type RemoteCacheOptions, resolveRemoteOptions } from './options.ts'
import { Pool } from './pool.ts'

/** Calls of one batch that are under way at one time. */
const BATCH_SIZE = 256

/** The part of {@link RemoteCache} that does not look into items. */
export abstract class OpenRemoteCache implements AsyncDisposable {
  /** The name of the cache at the server; empty: its default cache. */
  readonly name: string
  /** The server's address. */
  readonly address: string
  protected readonly commands: RemoteCommands
  protected readonly batchSize: number
  readonly #pool: Pool

  protected constructor(identifier: string, options: RemoteCacheOptions) {
    const { cacheName, address } = parseIdentifier(identifier)
    const resolved = resolveRemoteOptions(options)
    this.name = cacheName
    this.address = formatAddress(address)
    this.batchSize = Math.min(BATCH_SIZE, resolved.maxPendingCalls)
    this.#pool = new Pool(address, resolved)
    this.commands = new RemoteCommands(this.#pool, this.name, this.address)
  }

  /** Some of the keys; begin with cursor 0 and go on with `next` until it is 0 again. */
  async keyPage(cursor: number, limit: number): Promise<KeyPage> {
    requireInteger('cursor', cursor, 0, Number.MAX_SAFE_INTEGER)
    requireInteger('limit', limit, 1, MAX_KEYS_LIMIT)
    const pairs = [['cursor', String(cursor)] as const, ['limit', String(limit)] as const]
    const reply = await this.commands.require('keys', { pairs })
    return { keys: listOf(reply, this.address), next: countOf(reply, 'next', this.address) }
  }

  /**
   * All live keys as text, in no particular order. Keys that are no UTF-8 need
   * {@link OpenRemoteCache.keyPage}.
   */
  async *keys(): AsyncGenerator<string, void, undefined> {
    for await (const keys of this.keyPages()) {
      for (const key of keys) yield key.toString()
    }
  }

  /** Deletes all items; how many there were, or undefined from a server that does not tell. */
  async clear(): Promise<number | undefined> {
    const reply = await this.commands.require('clear')
    return reply.fields.has('count') ? countOf(reply, 'count', this.address) : undefined
  }

  /** What the cache counts at the server. */
  async stats(): Promise<CacheStats> {
    const reply = await this.commands.require('stats')
    return jsonOf(
      reply,
      ['name', 'items', 'maxItems', 'hits', 'misses'],
      this.address,
    ) as CacheStats
  }

  /** Checks the cache at the server. */
  async verify(): Promise<VerifyReport> {
    const reply = await this.commands.require('verify')
    return jsonOf(reply, ['ok', 'problems', 'items'], this.address) as VerifyReport
  }

  /** Lets calls under way finish and closes the connections. May be called again. */
  close(): Promise<void> {
    return this.#pool.close()
  }

  /** The same as {@link OpenRemoteCache.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** All live keys as bytes, page by page. */
  protected async *keyPages(): AsyncGenerator<readonly Buffer[], void, undefined> {
    let cursor = 0
    do {
      const page = await this.keyPage(cursor, MAX_KEYS_LIMIT)
      yield page.keys
      cursor = page.next
    } while (cursor !== 0)
  }
}
