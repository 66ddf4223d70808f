import type { DeadLetter } from '../../dead-letters'
import { expected, isSuccess, refusalIn } from '../doctor/answers'
import { type ExchangeSettings, exchange, isAnswer } from '../doctor/exchange'
import { isLoopback } from '../doctor/reach'
import { targetOf } from '../send/options'
import { UsageError } from '../terminal'

/** What became of a letter, in words, and whether it is handled. */
export interface Replayed {
  readonly id: string
  readonly handled: boolean
  readonly outcome: string
  readonly hint?: string
}

const settings: ExchangeSettings = { timeoutMs: 30_000, trustedOnly: true }

/**
 * Delivers a letter's headers and bytes to the endpoint once more. It is proven there as of now, like any delivery; whether it
 * was handled the store knows, and not the answer.
 */
export async function postLetter(
  url: URL,
  letter: DeadLetter,
  has: (id: string) => Promise<boolean>,
): Promise<Replayed> {
  const { id, headers, rawBody } = letter
  const sent = [['content-type', 'application/json'], ...Object.entries(headers)] as [string, string][]
  const result = await exchange(url, { headers: sent, body: rawBody }, settings)
  if (!(await has(id)))
    return { id, handled: true, outcome: isAnswer(result) ? `answered ${result.status}` : result.code }
  if (!isAnswer(result)) return { id, handled: false, outcome: `no answer (${result.code})` }
  const { status } = result
  const refusal = refusalIn(result)
  const outcome = `answered ${status}${refusal === undefined ? '' : ` ${refusal}`}`
  if (isSuccess(result)) return { id, handled: false, outcome, hint: hints.elsewhere }
  return { id, handled: false, outcome, ...(status === expected.forgery ? { hint: hints.stale } : {}) }
}

const hints = {
  elsewhere: 'It is still kept: does this endpoint use the same store, table, account and provider?',
  stale:
    'An endpoint proves it as of now, and refuses what has become old. Replay it through --module: there it is proven as of its receipt.',
}

/** Letters hold what real people paid: they go to this machine, or by HTTPS to where `--remote` allows it. */
export function parseTarget(to: string, remote: boolean): URL {
  const url = targetOf(remote ? { to, remote } : { to })
  if (isLoopback(url.hostname) || url.protocol === 'https:') return url
  throw new UsageError('Letters go to another machine by https:// only.')
}
