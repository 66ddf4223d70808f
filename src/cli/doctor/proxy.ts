import { headerOf } from './answers'
import { type Check, ok, quoted, warning } from './check'
import type { Answer } from './exchange'

/** Headers by which those between sender and handler give themselves away. */
const marks = ['server', 'via', 'x-powered-by', 'cf-ray', 'x-amz-cf-id', 'x-vercel-id', 'x-served-by', 'x-cache', 'age']

/** Who answers: for a person to think about, and to see that no cache does. */
export function checkProxy(answer: Answer): Check {
  const name = 'proxy'
  const found = marks.flatMap((mark) => {
    const value = headerOf(answer, mark)
    return value === undefined ? [] : [quoted(`${mark}: ${value}`, 80)]
  })
  const cached = /hit/i.test(headerOf(answer, 'x-cache') ?? '') || Number(headerOf(answer, 'age')) > 0
  if (cached)
    return warning(
      name,
      `A cache answered: ${found.join(', ')}.`,
      'Exempt this path from it: every delivery is another.',
    )
  if (found.length === 0) return ok(name, 'Nobody between here and the handler gives itself away.')
  return ok(name, `The answer names ${found.join(', ')}.`)
}
