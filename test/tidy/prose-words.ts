/**
 * Words that mark translated English, and what to write instead. House terms may join them.
 */

export interface ProseWord {
  /** A regular expression of whole words; a space in it matches a line break as well. */
  readonly pattern: string
  /** The replacement that the message names. */
  readonly instead: string
}

export const PROSE_WORDS: readonly ProseWord[] = [
  { pattern: 'anew', instead: 'again' },
  {
    pattern: 'whoever|whomever',
    instead: '"any process that", "the caller", "a client that"',
  },
  { pattern: 'whatever', instead: '"any", "regardless of"' },
  {
    pattern: 'told|tells|untold',
    instead: '"reports", "returns", "shows", "says", "passes", "is notified"',
  },
  {
    pattern: 'beside',
    instead: '"next to", "alongside" or "compared with"',
  },
  { pattern: '(?:goes|go|went) on', instead: 'continues' },
  {
    // `There is no limit` and `is no longer` are idiomatic; `it is no lock` is not.
    pattern: '(?<!\\bthere )(?:is|are) no(?= \\w)(?! (?:longer|more|less|fewer|later|one)\\b)',
    instead: '"is not a", "are not"',
  },
  { pattern: 'nobody', instead: '"no process", "no caller", "no one"' },
  { pattern: 'as ever', instead: '"as usual", "as before"' },
  { pattern: '\\w*manieth', instead: 'a rephrased sentence' },
  {
    pattern: '(?:comes|came|become|becomes|became) of',
    instead: '"result of", "outcome of"',
  },
  { pattern: "one another['’]s", instead: "each other's" },
  { pattern: 'and (?:its|the) like', instead: 'and similar' },
  { pattern: 'at one time', instead: '"at once", "at the same time"' },
  { pattern: '(?:in|by) turns', instead: '"alternately", "interleaved"' },
  { pattern: 'a text(?! file\\b)|texts of', instead: '"a string", "strings of"' },
  { pattern: 'at all times', instead: 'always' },
  { pattern: 'of which', instead: 'a rephrased sentence, such as "whose"' },
  {
    pattern: 'by and by|thus|hence|therein|thereof|therefor',
    instead: 'a rephrased sentence',
  },
  { pattern: 'all it takes', instead: 'enough' },
  { pattern: 'leaves? out', instead: '"skips", "omits"' },
  { pattern: 'gives? back|gave back', instead: '"frees", "returns"' },
  { pattern: 'are more than', instead: 'exceed' },
]
