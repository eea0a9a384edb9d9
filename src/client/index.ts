/**
 * Caches at other addresses, and packets to any uwsgi server: `undercroft/client`.
 */

export type { RemoteCacheOptions } from './options.ts'
export { RemoteCache } from './remote-cache.ts'
export { type Message, sendMessage, sendMessageRaw } from './send-message.ts'
