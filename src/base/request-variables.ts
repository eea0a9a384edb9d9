/**
 * How the variables of a request that came by the uwsgi protocol travel with it.
 */

/**
 * A socket that carries requests of the uwsgi protocol has their variables under this name, for the
 * one request it carries: what a web server in front says, `REMOTE_USER` for instance, and what no
 * client can set by a header.
 */
export const REQUEST_VARIABLES: unique symbol = Symbol.for('undercroft.request-variables')

/** By their CGI names; one character a byte, as `node:http` has header text. */
export type RequestVariables = ReadonlyMap<string, string>
