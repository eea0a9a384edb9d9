/**
 * Tests of the suite that fail for a reason. Each other failure of a required or an optimal test is
 * a fault.
 */

import type { DeliberateFailure } from './grading.ts'

/** Subjects with the default options. */
const BY_DEFAULT = ['listener', 'fetch', 'runner']

export const DELIBERATE_FAILURES: readonly DeliberateFailure[] = [
  {
    ids: ['headers-store-Set-Cookie', 'other-set-cookie'],
    reason: 'A cookie is for one client. The RFC allows to store it, and others would then get it.',
  },
  {
    ids: ['method-POST'],
    reason: 'A response to POST is not stored: hardly any application expects that.',
  },
  {
    ids: ['vary-normalise-lang-order', 'vary-normalise-lang-select'],
    reason:
      'Many applications take the first language of a list without weights, so the order counts; ' +
      'and only the application knows which languages it has.',
  },
  {
    ids: ['conditional-lm-fresh-no-lm'],
    reason:
      'The date of the condition is before that of the response, which has no Last-Modified: it ' +
      'may have changed since.',
  },
  {
    ids: [
      'partial-store-partial-reuse-partial',
      'partial-store-partial-reuse-partial-byterange',
      'partial-store-partial-reuse-partial-absent',
      'partial-store-partial-reuse-partial-suffix',
    ],
    reason:
      'Content-Range announces six bytes and the body has five; a damaged part is not stored.',
  },
  {
    ids: ['partial-store-partial-complete'],
    reason:
      'Parts are not stored: a page that fits into the cache comes whole with the next request.',
  },
  {
    subjects: BY_DEFAULT,
    ids: [
      'status-400-fresh',
      'status-499-fresh',
      'status-500-fresh',
      'status-502-fresh',
      'status-503-fresh',
      'status-504-fresh',
      'status-599-fresh',
    ],
    reason:
      "An error that one client provokes must not reach others; alsoStore: ['errors'] allows it.",
  },
  {
    subjects: BY_DEFAULT,
    ids: [
      'heuristic-200-cached',
      'heuristic-203-cached',
      'heuristic-204-cached',
      'heuristic-404-cached',
      'heuristic-405-cached',
      'heuristic-410-cached',
      'heuristic-414-cached',
      'heuristic-501-cached',
      'heuristic-599-cached',
    ],
    reason:
      'A page that does not say for how long may be for one user; heuristicFraction allows it.',
  },
  {
    subjects: ['fetch'],
    ids: ['interim-102', 'interim-103', 'interim-not-cached', 'interim-no-header-reuse'],
    reason: 'A Fetch handler returns one response, and no interim ones before it.',
  },
]
