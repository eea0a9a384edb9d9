/**
 * What stands between the brackets of `%(...)`: a name, or arithmetic.
 */

type FindValue = (name: string) => string | undefined

/**
 * The value of a placeholder, undefined if it is not known.
 *
 * With blanks inside it is worked out from left to right, without precedence, in whole numbers;
 * two values with no operator between them are joined as text. A word that is no placeholder
 * stands for itself.
 */
export function evaluatePlaceholder(text: string, findValue: FindValue): string | undefined {
  if (!text.includes(' ')) return findValue(text)
  let result: string | undefined
  let operator: string | undefined
  for (const word of text.split(' ').filter(part => part !== '')) {
    if (word === '++' || word === '--') {
      result = calculate(result, word.charAt(0), '1')
    } else if (OPERATORS.includes(word)) {
      operator = word
    } else {
      const value = findValue(word) ?? word
      result =
        operator === undefined ? `${result ?? ''}${value}` : calculate(result, operator, value)
      operator = undefined
    }
  }
  return result
}

const OPERATORS: readonly string[] = ['+', '-', '*', '/']

function calculate(left: string | undefined, operator: string, right: string): string {
  const first = leadingInteger(left ?? '')
  const second = leadingInteger(right)
  switch (operator) {
    case '+':
      return String(first + second)
    case '-':
      return String(first - second)
    case '*':
      return String(first * second)
    default:
      return String(second === 0n ? 0n : first / second)
  }
}

/** Text that does not begin with a number counts as 0. */
function leadingInteger(text: string): bigint {
  return BigInt(/^\s*([+-]?\d+)/.exec(text)?.[1]?.replace('+', '') ?? 0)
}
