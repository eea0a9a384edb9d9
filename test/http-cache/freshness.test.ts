import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import CachePolicy from 'http-cache-semantics'
import { parseDirectives } from '../../src/http-cache/directives.ts'
import { evaluateStorability } from '../../src/http-cache/storability.ts'
import { judge, type Lifetime } from '../../src/http-cache/stored-response.ts'
import { type Random, seededRandom } from '../../testing/random.ts'

const NOW_MS = Date.UTC(2027, 0, 15, 8)
const ROUNDS = 3000
const NO_CREDENTIALS = { hasAuthorization: false, hasCookie: false }
const RULES = {
  alsoStore: new Set<never>(),
  defaultTtlMs: 0,
  heuristicFraction: 0,
  staleIfErrorMs: 0,
  targetedFields: [],
}

describe('what may be reused', () => {
  test('is what http-cache-semantics says, for any header and at any moment', t => {
    const random = seededRandom(t)
    let answered = 0
    for (let round = 0; round < ROUNDS; round++) {
      const response = randomResponse(random)
      const request = randomRequest(random)
      const laterMs = random.below(200_000)
      const expected = byLibrary(response, request, laterMs)
      const context = JSON.stringify({ response, request, laterMs })
      assert.equal(byUs(response, request, laterMs), expected, context)
      if (expected) answered++
    }
    assert.ok(answered > ROUNDS / 10 && answered < ROUNDS - ROUNDS / 10, `${answered}`)
  })

  test('does not grow younger when the clock is set back', () => {
    const lifetime = lifetimeOf({ 'cache-control': 'max-age=60', age: '59' })
    assert.equal(judge(lifetime, parseDirectives('max-age=58'), NOW_MS - 5000), 'demanded')
    assert.equal(judge(lifetime, parseDirectives(undefined), NOW_MS + 1000), 'stale')
  })
})

describe('Cache-Control', () => {
  const cases: readonly (readonly [string, readonly (readonly [string, string | true])[]])[] = [
    ['', []],
    [' , ,', []],
    ['no-cache', [['no-cache', true]]],
    ['Max-Age=60', [['max-age', '60']]],
    ['max-age="60"', [['max-age', '60']]],
    ['max-age=1,max-age=2', [['max-age', '1']]],
    [
      'private="a, max-age=9", max-age=1',
      [
        ['private', 'a, max-age=9'],
        ['max-age', '1'],
      ],
    ],
    [
      'a="b\\"c, no-store", d',
      [
        ['a', 'b\\"c, no-store'],
        ['d', true],
      ],
    ],
    [
      'max-age = 60',
      [
        ['max-age', true],
        ['60', true],
      ],
    ],
    [
      'no-store;max-age=5',
      [
        ['no-store', true],
        ['max-age', '5'],
      ],
    ],
    [
      '__proto__=1, constructor',
      [
        ['__proto__', '1'],
        ['constructor', true],
      ],
    ],
  ]
  for (const [text, expected] of cases) {
    test(`${JSON.stringify(text)} is read as ${JSON.stringify(expected)}`, () => {
      assert.deepEqual([...parseDirectives(text)], expected)
    })
  }

  test('of any length is read in time', () => {
    const text = `${'x="'.repeat(20_000)}${',='.repeat(20_000)}`
    assert.ok(parseDirectives(text).size > 0)
  })
})

type Fields = Readonly<Record<string, string>>

function byUs(response: Fields, request: Fields, laterMs: number): boolean {
  const assessment = assessed(response)
  if ('refusal' in assessment) return false
  const wanted = parseDirectives(request['cache-control'])
  return judge(assessment.lifetime, wanted, NOW_MS + laterMs).startsWith('usable')
}

function byLibrary(response: Fields, request: Fields, laterMs: number): boolean {
  let nowMs = NOW_MS
  class Policy extends CachePolicy {
    now(): number {
      return nowMs
    }
  }
  const headers = { date: new Date(NOW_MS).toUTCString(), ...response }
  const asked = { method: 'GET', url: '/', headers: {} }
  const options = { shared: true, cacheHeuristic: 0, immutableMinTimeToLive: 0 }
  const policy = new Policy(asked, { status: 200, headers }, options)
  // What is stale from the start is not stored here, not even for max-stale; nor is no-cache
  // without a validator, which the library would use while it is revalidated.
  const isUsable = policy.maxAge() > 0 || policy.evaluateRequest(asked).response !== undefined
  const isWorthIt = isUsable && !response['cache-control']?.includes('no-cache')
  nowMs += laterMs
  const evaluated = policy.evaluateRequest({ ...asked, headers: request })
  return policy.storable() && isWorthIt && evaluated.response !== undefined
}

function assessed(response: Fields) {
  const fields = Object.entries(response)
  return evaluateStorability({ status: 200, reason: '', fields }, NO_CREDENTIALS, RULES, NOW_MS)
}

function lifetimeOf(response: Fields): Lifetime {
  const assessment = assessed(response)
  return 'lifetime' in assessment ? assessment.lifetime : assert.fail(assessment.refusal)
}

/** Omits must-revalidate, where the library is too strict, and s-maxage, where it is too lax. */
function randomResponse(random: Random): Fields {
  const directives = [
    ...some(random, 0.6, () => `max-age=${random.below(120)}`),
    ...some(random, 0.3, () => 'public'),
    ...some(random, 0.3, () => `stale-while-revalidate=${random.below(60)}`),
    ...some(random, 0.05, () => 'no-cache'),
    ...some(random, 0.05, () => 'no-store'),
    ...some(random, 0.05, () => 'private'),
  ]
  const expires = () => new Date(NOW_MS + random.below(120) * 1000).toUTCString()
  return {
    ...(directives.length > 0 ? { 'cache-control': directives.join(', ') } : {}),
    ...(random.chance(0.3) ? { expires: expires() } : {}),
    ...(random.chance(0.2) ? { age: String(random.below(60)) } : {}),
  }
}

function randomRequest(random: Random): Fields {
  const directives = [
    ...some(random, 0.2, () => `max-age=${random.below(120)}`),
    ...some(random, 0.2, () => `min-fresh=${random.below(60)}`),
    ...some(random, 0.3, () =>
      random.chance(0.3) ? 'max-stale' : `max-stale=${random.below(60)}`,
    ),
    ...some(random, 0.05, () => 'no-cache'),
  ]
  return directives.length > 0 ? { 'cache-control': directives.join(', ') } : {}
}

function some(random: Random, probability: number, make: () => string): string[] {
  return random.chance(probability) ? [make()] : []
}
