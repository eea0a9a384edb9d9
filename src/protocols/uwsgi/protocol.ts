/**
 * The numbers and words of uWSGI's protocol that the cache uses.
 *
 * https://uwsgi-docs.readthedocs.io/en/latest/Protocol.html (packet, modifiers) and uWSGI 2.0.21,
 * plugins/cache/cache.c (commands). The words that uWSGI does not know are in cache-command.ts.
 */

/** Bytes before the payload: modifier1, payload size (u16, little-endian), modifier2. */
export const HEADER_SIZE = 4

/** The payload size is a 16-bit field. */
export const MAX_PACKET_SIZE = 65_535

/** uWSGI's default `buffer-size`: the largest payload it accepts. */
export const DEFAULT_BUFFER_SIZE = 4096

/** uWSGI's default `socket-timeout`, how long it waits for a silent peer, in milliseconds. */
export const DEFAULT_SOCKET_TIMEOUT_MS = 4000

/** An ordinary request: a dictionary of CGI variables, then the body. */
export const MODIFIER1_REQUEST = 0

export const MODIFIER1_CACHE = 111

/** Payload: the key. Reply: header and value. */
export const MODIFIER2_GET = 0
/** Payload: array of key and value. Stores if absent; no reply. */
export const MODIFIER2_SET = 1
/** Payload: the key. No reply. */
export const MODIFIER2_DELETE = 2
/** Payload: dictionary with `key` or `get`. Reply: the value alone. nginx sends this command. */
export const MODIFIER2_SIMPLE = 3
/** The same command under a second number. */
export const MODIFIER2_SIMPLE_ALIAS = 4
/** Payload: the key. Reply: header, then the value until the connection closes. */
export const MODIFIER2_STREAM = 5
/** Payload: the cache's name. Reply: a dictionary, then the whole cache, as dump.ts describes. */
export const MODIFIER2_DUMP = 6
/** The modifier2 of a reply to a dump request. */
export const MODIFIER2_DUMP_REPLY = 7
/** UDP only. Payload: key, value, absolute expiry. */
export const MODIFIER2_UDP_SET = 10
/** UDP only. Payload: key. */
export const MODIFIER2_UDP_DELETE = 11
/** Payload: dictionary with `cmd`. Reply: dictionary, and a body where there is one. */
export const MODIFIER2_MAGIC = 17

/** The answer to a `get` pair of modifier2 3 and 4 on a miss. cache.c, cache_simple_command */

export const NOT_FOUND_BLOCK: Buffer = Buffer.from(
  'HTTP/1.0 404 Not Found\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\nNot Found',
  'latin1',
)
