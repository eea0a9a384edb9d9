/**
 * `http-to-https`: every request of a plain HTTP socket is sent to the same place by HTTPS.
 */

import type { RequestListener } from 'node:http'

/** @param port - of the HTTPS address; undefined: the usual one */
export function redirectToHttps(port: number | undefined): RequestListener {
  return (request, response) => {
    const host = hostName(request.headers.host ?? '')
    if (host === undefined) {
      response.writeHead(400, { connection: 'close', 'content-length': 0 }).end()
      return
    }
    const place = port === undefined ? host : `${host}:${port}`
    const path = request.url?.startsWith('/') ? request.url : '/'
    const location = `https://${place}${path}`
    response.writeHead(301, { location, 'content-length': 0 }).end()
  }
}

/** The host without its port. Undefined: it is none, and must not become a part of an address. */
function hostName(host: string): string | undefined {
  return /^([0-9A-Za-z.-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/.exec(host)?.[1]
}
