import { headerOf } from './answers'
import { type Check, notChecked, ok, problem, quoted, warning } from './check'
import { type Answer, type Failure, isAnswer } from './exchange'

/** How long senders wait where nothing is known of the provider's own patience. */
const usualLimitSeconds = 10

/** A refusal is the quickest answer there is: what it takes, every delivery takes, and the handler comes on top. */
export function checkAnswerTime(results: readonly (Answer | Failure)[], known: number | undefined): Check {
  const name = 'answer time'
  const limitSeconds = known ?? usualLimitSeconds
  if (results.some((result) => !isAnswer(result) && result.code === 'TIMED_OUT'))
    return problem(name, 'No answer came in time.', `Answer within ${limitSeconds} s: see what the handler waits for.`)
  const tookMs = Math.max(...results.filter(isAnswer).map((answer) => answer.tookMs))
  if (!Number.isFinite(tookMs)) return notChecked(name, 'There was no answer to measure.')
  const seen = `A refusal takes ${inSeconds(tookMs)}; ${known === undefined ? 'a sender may wait no longer than' : 'the sender waits'} ${limitSeconds} s.`
  const advice = 'Find what comes before the handler and takes so long: the handler needs its time too.'
  if (tookMs >= limitSeconds * 1000) return problem(name, seen, advice)
  return tookMs >= limitSeconds * 200 ? warning(name, seen, advice) : ok(name, seen)
}

const inSeconds = (ms: number) => `${(ms / 1000).toFixed(ms < 1000 ? 3 : 1)} s`

const toleranceSeconds = 300
const noticedSeconds = 30

/** The server's `Date` against this machine's clock, allowing for the time on the way and for whole seconds. */
export function checkClock(answer: Answer): Check {
  const name = 'clock'
  const text = headerOf(answer, 'date')
  const dateMs = Date.parse(text ?? '')
  if (text === undefined) return notChecked(name, 'The answer has no `Date` header.')
  if (Number.isNaN(dateMs)) return notChecked(name, `Its \`Date\` header is no date: ${quoted(text, 40)}.`)
  const early = answer.sentAtMs - (dateMs + 1000)
  const late = dateMs - (answer.sentAtMs + answer.tookMs)
  const offSeconds = Math.round(Math.max(early, late, 0) / 1000)
  const seen = `The server's clock is ${offSeconds} s ${early > 0 ? 'behind' : 'ahead of'} this machine's`
  const advice = 'Synchronise both by NTP: genuine deliveries look too old, or of the future.'
  if (offSeconds > toleranceSeconds)
    return problem(name, `${seen}: more than the ${toleranceSeconds} s that are tolerated.`, advice)
  if (offSeconds > noticedSeconds) return warning(name, `${seen}; ${toleranceSeconds} s are tolerated.`, advice)
  return ok(name, offSeconds === 0 ? "The server's clock agrees with this machine's." : `${seen}.`)
}
