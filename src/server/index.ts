/**
 * What other layers may use: the public part, which is api.ts, and what `serve` needs beside it.
 */

export * from './api.ts'
