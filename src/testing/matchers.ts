import type { WebhookErrorCode } from '../errors'
import { type Judged, type Verdict, verdictOf } from './verdict'

interface Result {
  readonly pass: boolean
  readonly message: () => string
}

/** What `expect` gets; `R` is what the runner's own matchers return. */
export interface PayproofMatchers<R = unknown> {
  /** Handled, and acknowledged. */
  toBeProcessed(): R
  /** Each event among these was processed once, and every other delivery of it was a duplicate or in progress. */
  toBeProcessedOnce(): R
  /** Acknowledged without being handled again. */
  toBeDuplicate(): R
  /** Not proven or not readable; for this reason, where one is named. An answer of 401 does not tell its reason. */
  toBeRejected(code?: WebhookErrorCode): R
}

/** For Vitest and Jest: `expect.extend(payproofMatchers)`. Take outcomes, answers of `deliver`, and delivery reports. */
export const payproofMatchers = {
  toBeProcessed: (received: Judged): Result => is(received, 'processed'),
  toBeDuplicate: (received: Judged): Result => is(received, 'duplicate'),
  toBeRejected(received: Judged, code?: WebhookErrorCode): Result {
    const verdict = verdictOf(received)
    if (code !== undefined && verdict.kind === 'rejected' && verdict.code === undefined)
      throw new TypeError(`${told(verdict)}: an answer does not say for which reason. ${instead}`)
    const pass = verdict.kind === 'rejected' && (code === undefined || verdict.code === code)
    return result(pass, `be rejected${code === undefined ? '' : ` with ${code}`}`, told(verdict))
  },
  toBeProcessedOnce(received: Judged | readonly Judged[]): Result {
    const verdicts = (Array.isArray(received) ? received : [received]).map(verdictOf)
    verdicts.forEach(assertTelling)
    const problems = problemsOf(verdicts)
    return result(problems.length === 0, 'be processed once each', problems.join('\n') || told(...verdicts))
  },
}

const instead = 'Hand over the outcome of a receiver, or the reports of createRecorder().'

function is(received: Judged, kind: Verdict['kind']): Result {
  const verdict = verdictOf(received)
  assertTelling(verdict)
  return result(verdict.kind === kind, kind === 'processed' ? 'be processed' : `be a ${kind}`, told(verdict))
}

/** A matcher that cannot know must not say either way. */
function assertTelling(verdict: Verdict): void {
  if (verdict.kind === 'acknowledged')
    throw new TypeError(`${told(verdict)}: that does not tell a first delivery from a duplicate. ${instead}`)
}

const result = (pass: boolean, what: string, was: string): Result => ({
  pass,
  message: () => `expected the delivery ${pass ? 'not ' : ''}to ${what}, but it was: ${was}`,
})

function problemsOf(verdicts: readonly Verdict[]): string[] {
  if (verdicts.length === 0) return ['not delivered at all']
  const events = new Map<string | undefined, Verdict[]>()
  for (const verdict of verdicts) events.set(verdict.key, [...(events.get(verdict.key) ?? []), verdict])
  return [...events].flatMap(([key, all]) => {
    const right = all.every(({ kind }) => ['processed', 'duplicate', 'in_progress'].includes(kind))
    const processed = all.filter(({ kind }) => kind === 'processed').length
    return right && processed === 1 ? [] : [`${key ?? 'of no proven event'}: ${told(...all)}`]
  })
}

/** `2 × processed, 1 × rejected (signature_mismatch: …)` */
function told(...verdicts: readonly Verdict[]): string {
  const counts = new Map<string, number>()
  for (const { kind, code, hint, status } of verdicts) {
    const why = [code, hint].filter((each) => each !== undefined).join(': ')
    const plain = kind === 'answered' || kind === 'acknowledged' || why === '' ? `${kind}, status ${status}` : kind
    const text = why === '' ? plain : `${plain} (${why})`
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return [...counts].map(([text, count]) => (verdicts.length === 1 ? text : `${count} × ${text}`)).join(', ')
}
