import { expected, isEncodingRefused, isSuccess, isTooLarge, isUnproven, refusalIn } from './answers'
import { type Check, ok, problem, warning } from './check'
import { type Answer, type Failure, isAnswer } from './exchange'

/** A gzipped delivery was sent: nobody may unpack it on the way, or the signed bytes are gone. */
export function checkEncoding(result: Answer | Failure): Check {
  const name = 'encoding'
  if (!isAnswer(result))
    return warning(name, `A gzipped delivery gets no answer (${result.code}).`, 'See who cuts it off.')
  const { status } = result
  if (refusalIn(result) === 'content_encoding')
    return ok(name, `Bodies arrive as they are sent: gzip is refused with ${status}.`)
  if (isEncodingRefused(result)) return ok(name, `Gzip is refused with ${status}, before payproof.`)
  const advice =
    'Turn off what unpacks or rewrites request bodies on this path: a signature covers the bytes that were sent.'
  if (refusalIn(result) === 'unauthorized')
    return warning(
      name,
      `A gzipped delivery is answered ${status}: it was unpacked before it came to payproof.`,
      advice,
    )
  return warning(name, `A gzipped delivery is answered ${status}; payproof says ${expected.encoding}.`, advice)
}

/** A delivery of one byte more than the default limit was sent. */
export function checkLimit(result: Answer | Failure): Check {
  const name = 'limit'
  const lower = 'Leave `maxBodyBytes` at its default unless you need more: anybody can send that much.'
  if (!isAnswer(result))
    return warning(
      name,
      `A body of 1 MiB and one byte gets no answer (${result.code}).`,
      `See who cuts it off: ${expected.limit} is expected.`,
    )
  const { status } = result
  if (isTooLarge(result))
    return ok(
      name,
      `A body of 1 MiB and one byte is refused with ${status}${refusalIn(result) ? '' : ', before payproof'}.`,
    )
  const seen = `A body of 1 MiB and one byte is answered ${status}; ${expected.limit} is expected.`
  if (isSuccess(result)) return problem(name, seen, 'Limit the size of bodies, and verify them.')
  if (isUnproven(result)) return warning(name, seen, lower)
  return warning(name, seen, 'See who answers.')
}
