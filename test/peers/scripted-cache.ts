/**
 * The least that nginx takes for a cache: the bytes under a key for modifier2 3, nothing for a
 * miss. It shows that recipes and stored bytes are right, regardless of the real server.
 */

import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { tempDir } from '../../testing/temp-dir.ts'

/** The uwsgi packet header: modifier1, size of the dictionary in 16 bits, modifier2. */
const HEADER_SIZE = 4

/** @returns the path of the Unix socket on which it listens */
export async function startScriptedCache(
  scope: Scope,
  stored: ReadonlyMap<string, Uint8Array>,
): Promise<string> {
  const path = join(tempDir(scope), 'scripted.sock')
  const server = createServer(socket => {
    let received = Buffer.alloc(0)
    socket.on('error', () => socket.destroy()) // nginx may leave before the answer is out
    socket.on('data', bytes => {
      received = Buffer.concat([received, bytes])
      if (received.length < HEADER_SIZE) return
      const size = received.readUInt16LE(1)
      if (received.length < HEADER_SIZE + size) return
      socket.end(stored.get(keyIn(received.subarray(HEADER_SIZE, HEADER_SIZE + size))) ?? '')
    })
  }).listen(path)
  await once(server, 'listening')
  onEnd(scope, () => server.close())
  return path
}

/** The value of `key` in a dictionary of length-prefixed names and values. */
function keyIn(dictionary: Buffer): string {
  const texts: string[] = []
  for (let offset = 0; offset < dictionary.length; ) {
    const size = dictionary.readUInt16LE(offset)
    texts.push(dictionary.toString('latin1', offset + 2, offset + 2 + size))
    offset += 2 + size
  }
  const nameIndex = texts.findIndex((text, index) => index % 2 === 0 && text === 'key')
  return nameIndex === -1 ? '' : (texts[nameIndex + 1] ?? '')
}
