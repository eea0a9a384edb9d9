/**
 * Which content coding a client wants: Accept-Encoding, RFC 9110 section 12.5.3.
 */

/** What a client wants of the codings that are offered. */
export interface CodingChoice {
  /** Undefined: no coding. */
  readonly coding: string | undefined
  /** The client refuses a body without a coding. */
  readonly refusesPlain: boolean
}

const PLAIN: CodingChoice = { coding: undefined, refusesPlain: false }

/** RFC 9110 section 12.4.2. */
const QUALITY = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i

/** Section 8.4.1.3. */
const ALIASES: Readonly<Record<string, string>> = { 'x-gzip': 'gzip' }

/**
 * @param accepted - the field; a client that does not send it may not know any coding
 * @param offered - of codings that the client wants equally, the first one is chosen
 */
export function chooseCoding(
  accepted: string | undefined,
  offered: readonly string[],
): CodingChoice {
  if (accepted === undefined || offered.length === 0) return PLAIN
  const qualities = parseQualities(accepted)
  const ofOther = qualities.get('*')
  let coding: string | undefined
  let best = qualities.get('identity') ?? 0
  for (const name of offered) {
    const quality = qualities.get(name) ?? ofOther ?? 0
    if (quality === 0 || quality < best || (quality === best && coding !== undefined)) continue
    best = quality
    coding = name
  }
  return { coding, refusesPlain: (qualities.get('identity') ?? ofOther ?? 1) === 0 }
}

/** A quality that is malformed counts as 0: the client may not know the coding. */
function parseQualities(accepted: string): ReadonlyMap<string, number> {
  const qualities = new Map<string, number>()
  for (const part of accepted.split(',')) {
    const [name = '', weight] = part.split(';', 2).map(text => text.trim())
    const quality = weight === undefined ? 1 : Number(QUALITY.exec(weight)?.[1] ?? 0)
    const lowerName = name.toLowerCase()
    if (lowerName !== '') qualities.set(ALIASES[lowerName] ?? lowerName, quality)
  }
  return qualities
}
