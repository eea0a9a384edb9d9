/**
 * A file as an answer. uWSGI 2.0.21, core/static.c, uwsgi_real_file_serve.
 */

import type { Exchange } from './exchange.ts'
import { httpDate } from './expansions.ts'
import { closeFile, openFile } from './open-file.ts'
import { newReply } from './reply.ts'

/** Whether there was such a file, and the method one that reads. */
export function answerWithFile(exchange: Exchange, path: string): boolean {
  const method = exchange.variable('REQUEST_METHOD')
  if (method !== 'GET' && method !== 'HEAD') return false
  const file = openFile(path)
  if (file === undefined) return false
  const type = exchange.world.mimeTypes.find(path)
  const reply = {
    ...newReply({ statusCode: 200 }, [
      ...(type === undefined ? [] : ['Content-Type', type]),
      ...['Content-Length', String(file.size), 'Last-Modified', httpDate(file.modifiedAtMs)],
    ]),
    isBegun: true,
  }
  const isOld = isNotModified(exchange.variable('HTTP_IF_MODIFIED_SINCE'), file.modifiedAtMs)
  const isPlaced = exchange.placeReply(
    isOld ? newReply({ statusCode: 304 }, []) : { ...reply, file },
  )
  if (isOld || !isPlaced) closeFile(file)
  return true
}

/** RFC 9110 section 13.1.3; HTTP dates have whole seconds. */
function isNotModified(since: string, modifiedAtMs: number): boolean {
  return since !== '' && Math.floor(modifiedAtMs / 1000) * 1000 <= Date.parse(since)
}
