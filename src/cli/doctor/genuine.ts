import { headerOf, isSuccess, isUnproven, refusalIn } from './answers'
import { type Check, notChecked, ok, problem, quoted, warning } from './check'
import { type Answer, exchange, type Failure, isAnswer, type Sent } from './exchange'

/** Two genuine deliveries, of two events of a type that no handler knows. */
export interface GenuineDeliveries {
  /** As `JSON.stringify` writes it: whoever parses it and writes it anew gets the same bytes. */
  readonly plain: Sent
  /** JSON that comes out of a parser with other bytes. */
  readonly odd: Sent
  /** The event's id in the first. */
  readonly plainId: string
  /** The variable or option that gave the secret. */
  readonly secretFrom?: string | undefined
  /** What the provider wants to read. */
  readonly acknowledgement: string
}

/** Whether what is genuine comes through, byte for byte. */
export async function checkGenuine(
  url: URL,
  deliveries: GenuineDeliveries | string,
  timeoutMs: number,
): Promise<readonly Check[]> {
  if (typeof deliveries === 'string')
    return [notChecked('genuine', deliveries), notChecked('bytes', 'That takes genuine deliveries.')]
  // Never to somebody who cannot prove to be the endpoint.
  const post = (sent: Sent) => exchange(url, sent, { timeoutMs, trustedOnly: true })
  const plain = await post(deliveries.plain)
  const genuine = judgePlain(plain, deliveries)
  if (!isAnswer(plain) || !isSuccess(plain)) return [genuine, notChecked('bytes', 'No genuine delivery came through.')]
  return [genuine, judgeBytes(await post(deliveries.odd))]
}

function judgePlain(
  result: Answer | Failure,
  { acknowledgement, plainId, secretFrom = 'the settings' }: GenuineDeliveries,
): Check {
  const name = 'genuine'
  if (!isAnswer(result))
    return problem(name, `A genuine delivery gets no answer (${result.code}).`, 'Look into the log of the app.')
  const { status, body } = result
  if (isSuccess(result) && body === acknowledgement)
    return ok(name, `A genuine delivery is answered ${status}, as the provider wants it.`)
  if (isSuccess(result))
    return warning(
      name,
      `A genuine delivery is answered ${status}, with other words than payproof's.`,
      'See who answers.',
    )
  if (isUnproven(result)) {
    const advice = `It was sent with the secret from ${secretFrom}. Compare the fingerprint of the endpoint's secret with that one and the clocks, give its other settings with --set, and see that no proxy removes the signature's header.`
    return problem(name, `A genuine delivery is answered ${status}.`, advice)
  }
  if (refusalIn(result) === 'handler_failed') {
    const advice = `Let events pass whose type it does not know: providers add some. What was sent is kept: \`payproof dead-letters discard\` drops what has ${plainId} in its id.`
    return problem(name, `The handler fails at an event of a type that it does not know (${status}).`, advice)
  }
  const code = refusalIn(result) ?? headerOf(result, 'content-type') ?? 'no type'
  return problem(
    name,
    `A genuine delivery is answered ${status} (${quoted(code, 60)}).`,
    'Look into the log of the app: it says why.',
  )
}

function judgeBytes(odd: Answer | Failure): Check {
  const name = 'bytes'
  if (isAnswer(odd) && isSuccess(odd))
    return ok(name, 'Spaces, escapes and numbers arrive as they were sent, byte for byte.')
  return problem(
    name,
    'Plain JSON comes through, JSON with spaces and escapes does not: something parses the body and writes it anew.',
    'Have the proxy, firewall or middleware before the webhook pass the bytes on as they are.',
  )
}
