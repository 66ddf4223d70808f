import type { Proven } from './expect'
import type { Kind } from './plan'
import type { Sent } from './run'
import {
  type About,
  attackAcknowledged,
  attackFailed,
  notAcknowledged,
  notWhatIsRead,
  pageAnswered,
  rightlyTaken,
  tooLate,
} from './sentences'

/** One thing that is wrong with the answers, as a person is told it. */
export interface Problem {
  readonly kind: Kind
  readonly answer: string
  readonly count: number
  readonly sentence: string
}

export interface AnswerCount {
  readonly kind: Kind
  /** A status, or why there was none. */
  readonly answer: string
  readonly count: number
}

export interface Judgement {
  readonly events: { readonly sent: number; readonly acknowledged: number }
  readonly answers: readonly AnswerCount[]
  readonly problems: readonly Problem[]
  /** What is right and may surprise. */
  readonly notes: readonly string[]
  readonly latencyMs: { readonly median: number; readonly max: number }
}

const isAcknowledged = ({ came: { status = 0 } }: Sent) => status >= 200 && status < 300
const isBusy = ({ came: { status, body = '' } }: Sent) =>
  status === 409 || (status === 503 && body.includes('"in_progress"'))
const isRefused = ({ came: { status = 0 } }: Sent) =>
  status >= 400 && status < 500 && ![404, 405, 409, 429].includes(status)
const answerOf = ({ came: { status, error } }: Sent): string => String(status ?? error)

/** Holds what came back against what had to. */
export function judge(all: readonly Sent[], proven: Proven, about: About): Judgement {
  const isTaken = (sent: Sent) => isAcknowledged(sent) && misreadOf(sent, about) === undefined
  const acknowledged = new Set(all.filter(isTaken).map(({ shot }) => shot.event))
  const genuine = all.filter(({ shot }) => isGenuine(shot.kind))
  const problems = counted(all, (sent) => {
    const { kind, cut, event } = sent.shot
    if (cut) return undefined
    if (isGenuine(kind) || (kind === 'skewed' && proven.get(sent.shot))) {
      if (isTooLate(sent, about)) return tooLate(sent, about)
      if (isAcknowledged(sent)) return misreadOf(sent, about)
      return isBusy(sent) && acknowledged.has(event) ? undefined : notAcknowledged(sent, about)
    }
    if (isRefused(sent)) return undefined
    if (!isAcknowledged(sent)) return attackFailed(sent)
    return proven.get(sent.shot) ? undefined : attackAcknowledged(kind, answerOf(sent))
  })
  const durations = all.map(({ came }) => came.durationMs).sort((a, b) => a - b)
  const events = new Set(genuine.map(({ shot }) => shot.event))
  return {
    events: { sent: events.size, acknowledged: [...events].filter((event) => acknowledged.has(event)).length },
    answers: counted(all, () => '').map(({ sentence: _, ...count }) => count),
    problems,
    notes: [
      ...(all.some(isRightlyTaken(proven)) ? [rightlyTaken(about)] : []),
      ...new Set(all.filter(isRefused).flatMap(({ shot: { note = [] } }) => note)),
    ],
    latencyMs: { median: rounded(durations[durations.length >> 1]), max: rounded(durations.at(-1)) },
  }
}

const isTooLate = ({ came: { status, durationMs } }: Sent, { givesUpAfterSeconds = Number.POSITIVE_INFINITY }: About) =>
  status !== undefined && durationMs > givesUpAfterSeconds * 1000
/** What is wrong with an answer whose status is right. */
function misreadOf(sent: Sent, about: About): string | undefined {
  const { isPage = false, body = '' } = sent.came
  if (isPage) return pageAnswered(sent)
  const { acknowledgement } = about
  const isRead = acknowledgement === undefined || body.replace(/\s/g, '') === acknowledgement
  return isRead ? undefined : notWhatIsRead(sent, about)
}

const isRightlyTaken = (proven: Proven) => (sent: Sent) =>
  ['forged', 'tampered'].includes(sent.shot.kind) && isAcknowledged(sent) && proven.get(sent.shot) === true
const isGenuine = (kind: Kind) => kind === 'genuine' || kind === 'duplicate'
const rounded = (ms = 0) => Math.round(ms * 10) / 10

/** Groups what is alike; `undefined` is left out. */
function counted(all: readonly Sent[], sentenceOf: (sent: Sent) => string | undefined): Problem[] {
  const groups = new Map<string, Problem>()
  for (const sent of all) {
    const sentence = sentenceOf(sent)
    if (sentence === undefined) continue
    const { kind } = sent.shot
    const answer = answerOf(sent)
    const id = JSON.stringify([kind, answer, sentence])
    groups.set(id, { kind, answer, sentence, count: (groups.get(id)?.count ?? 0) + 1 })
  }
  return [...groups.values()]
}
