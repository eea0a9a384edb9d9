/** Responses that are stored, and responses that are not. */

import type { AppResponse } from './subject.ts'

const FRESH = { 'cache-control': 'max-age=60' }

/** Responses that are stored, with the seconds for which they are fresh. */
export const STORED: readonly (readonly [what: string, response: AppResponse, seconds: number])[] =
  [
    ['max-age', { headers: FRESH }, 60],
    ['s-maxage before max-age', { headers: { 'cache-control': 'max-age=1, s-maxage=50' } }, 50],
    [
      'max-age before Expires',
      { headers: { ...FRESH, expires: 'Thu, 01 Jan 1970 00:00:00 GMT' } },
      60,
    ],
    [
      'Expires after Date',
      {
        headers: {
          date: 'Fri, 15 Jan 2027 08:00:00 GMT',
          expires: 'Fri, 15 Jan 2027 08:00:30 GMT',
        },
      },
      30,
    ],
    ['names in any case and quotes', { headers: { 'cache-control': 'PUBLIC, Max-Age="40"' } }, 40],
    ['the first of two', { headers: { 'cache-control': 'max-age=20, max-age=90' } }, 20],
    ['what the first Age leaves', { headers: { ...FRESH, age: '20, 0' } }, 40],
    ['an Age that is none', { headers: { ...FRESH, age: 'old' } }, 60],
    ['what Age leaves', { headers: { ...FRESH, age: '15' } }, 45],
    ['a redirect for good', { status: 301, headers: { ...FRESH, location: '/there' } }, 60],
    ['a redirect that says so', { status: 302, headers: { ...FRESH, location: '/there' } }, 60],
    ['404 that says so', { status: 404, headers: FRESH }, 60],
    ['204 that says so', { status: 204, headers: FRESH }, 60],
    ['299 that says so', { status: 299, headers: FRESH }, 60],
    [
      'must-understand and a known status, in spite of no-store',
      { headers: { 'cache-control': 'max-age=60, no-store, must-understand' } },
      60,
    ],
    [
      'CDN-Cache-Control before Cache-Control',
      { headers: { 'cache-control': 'no-store', 'cdn-cache-control': 'max-age=60' } },
      60,
    ],
    [
      'a field for this cache before CDN-Cache-Control',
      {
        headers: {
          'cdn-cache-control': 'max-age=9',
          'undercroft-cdn-cache-control': 'max-age=60;a',
        },
      },
      60,
    ],
    [
      'Cache-Control where CDN-Cache-Control is malformed',
      { headers: { ...FRESH, 'cdn-cache-control': 'max-age=9, &' } },
      60,
    ],
    [
      'Cache-Control where CDN-Cache-Control is empty',
      { headers: { ...FRESH, 'cdn-cache-control': '' } },
      60,
    ],
    [
      'must-revalidate while fresh',
      { headers: { 'cache-control': 'max-age=60, must-revalidate' } },
      60,
    ],
    [
      'proxy-revalidate while fresh',
      { headers: { 'cache-control': 'max-age=60, proxy-revalidate' } },
      60,
    ],
  ]

/** Responses that are not stored, with the reason in Cache-Status. */
export const NOT_STORED: readonly (readonly [
  what: string,
  response: AppResponse,
  detail: string,
])[] = [
  ['nothing about freshness', {}, 'no-freshness'],
  [
    'a Last-Modified alone',
    { headers: { 'last-modified': 'Fri, 01 Jan 2027 00:00:00 GMT' } },
    'no-freshness',
  ],
  ['no-store', { headers: { 'cache-control': 'max-age=60, no-store' } }, 'no-store'],
  ['No-Store', { headers: { 'cache-control': 'max-age=60, No-Store' } }, 'no-store'],
  ['private', { headers: { 'cache-control': 'private, max-age=60' } }, 'private'],
  ['private fields', { headers: { 'cache-control': 'max-age=60, private="x-a, x-b"' } }, 'private'],
  ['no-cache', { headers: { 'cache-control': 'no-cache, max-age=60' } }, 'no-freshness'],
  ['max-age=0', { headers: { 'cache-control': 'max-age=0' } }, 'no-freshness'],
  ['max-age=soon', { headers: { 'cache-control': 'max-age=soon' } }, 'no-freshness'],
  [
    'an Age beyond it',
    { headers: { 'cache-control': 'max-age=60, must-revalidate', age: '60' } },
    'no-freshness',
  ],
  [
    'a Date beyond it',
    {
      headers: {
        'cache-control': 'max-age=60, must-revalidate',
        date: 'Fri, 15 Jan 2027 07:58:59 GMT',
      },
    },
    'no-freshness',
  ],
  ['Expires: 0', { headers: { expires: '0' } }, 'no-freshness'],
  ['an Expires that is none', { headers: { expires: '2030-01-01T00:00:00Z' } }, 'no-freshness'],
  ['Set-Cookie', { headers: { ...FRESH, 'set-cookie': 'a=1' } }, 'set-cookie'],
  ['Vary: *', { headers: { ...FRESH, vary: '*' } }, 'vary'],
  [
    '206',
    { status: 206, headers: { ...FRESH, 'content-range': 'bytes 0-1/2' }, body: 'ab' },
    'status',
  ],
  ['302 without freshness', { status: 302, headers: { location: '/there' } }, 'status'],
  ['an error', { status: 500, headers: FRESH }, 'status'],
  ['a status nobody knows', { status: 499, headers: FRESH }, 'status'],
  ['a status nobody knows, and nothing about freshness', { status: 299 }, 'status'],
  [
    'must-understand, and a status nobody knows',
    { status: 299, headers: { 'cache-control': 'max-age=60, must-understand' } },
    'status',
  ],
  [
    'no-store in a field for this kind of cache',
    { headers: { ...FRESH, 'cdn-cache-control': 'no-store' } },
    'no-store',
  ],
  [
    'private in a field for this cache',
    {
      headers: { 'undercroft-cdn-cache-control': 'private', 'cdn-cache-control': 'max-age=60' },
    },
    'private',
  ],
  [
    'a value of the wrong type',
    { headers: { ...FRESH, 'cdn-cache-control': 'max-age="60"' } },
    'no-freshness',
  ],
  [
    'a field for this kind of cache that says nothing, and Expires',
    {
      headers: {
        ...FRESH,
        'cdn-cache-control': 'none',
        expires: 'Fri, 15 Jan 2027 09:00:00 GMT',
      },
    },
    'no-freshness',
  ],
]
