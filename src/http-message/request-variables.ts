/**
 * The CGI variables of a request that came with the uwsgi protocol, and where they are kept.
 */

/**
 * The property of a request's connection that has its variables, by name: REMOTE_USER and all else
 * that the web server sent. Connections of plain HTTP have none. A registered symbol, so that an
 * app reads it without an import.
 */
export const REQUEST_VARIABLES: unique symbol = Symbol.for('undercroft.request-variables')

/** A connection that may have brought variables. */
export interface WithRequestVariables {
  readonly [REQUEST_VARIABLES]?: ReadonlyMap<string, string>
}
