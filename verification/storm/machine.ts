/** One line about the machine on which figures were measured. */

import { cpus, release, type } from 'node:os'

export function machineLine(): string {
  const [{ model = 'unknown' } = {}, ...others] = cpus()
  const date = new Date().toISOString().slice(0, 10)
  const cores = `${others.length + 1} x ${model}`
  return `${date}, ${cores}, ${type()} ${release()}, Node ${process.version}`
}
