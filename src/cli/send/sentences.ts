import type { Kind } from './plan'
import type { Sent } from './run'

/** What the sentences speak of. */
export interface About {
  readonly title: string
  /** Set where an API stands in for the provider's: how the shop learns of it, and whether it has asked. */
  readonly api?: { readonly setting: string; readonly asked: () => boolean }
  /** The variable or option that gave the secret. */
  readonly secretFrom?: string
  readonly timeoutSeconds: number
  /** After so long the provider takes no answer any more. */
  readonly givesUpAfterSeconds?: number
  /** What it wants to read, where that is a document. */
  readonly acknowledgement?: string
}

const names: Readonly<Record<Kind, string>> = {
  genuine: 'a genuine delivery',
  duplicate: 'a duplicate',
  forged: 'a forgery',
  tampered: 'a tampered delivery',
  skewed: 'a delivery from a clock that is off',
  unverifiable: 'a delivery that nothing can verify',
}

export function attackAcknowledged(kind: Kind, answer: string): string {
  const why: Partial<Record<Kind, string>> = {
    skewed: 'does the receiver check the time, and within which tolerance?',
    tampered: 'does the receiver verify the raw bytes, or what a parser made of them?',
  }
  return `${names[kind]} was answered ${answer}: it should be 401; ${why[kind] ?? 'is the receiver verifying?'}`
}

/** Nothing signs the body: that is the provider's way, not the receiver's fault. */
export const rightlyTaken = ({ title }: About): string =>
  `a tampered delivery was taken, and no receiver could tell: ${title} does not sign its bodies. Trust what its API confirms.`

export const tooLate = ({ came, shot }: Sent, { title, givesUpAfterSeconds }: About): string =>
  `${names[shot.kind]} was answered after ${(came.durationMs / 1000).toFixed(0)} s: ${title} gives up after ${givesUpAfterSeconds} s.`

export const notWhatIsRead = ({ came, shot }: Sent, { title, acknowledgement }: About): string =>
  `${names[shot.kind]} was answered ${came.status}, without what ${title} wants to read: ${acknowledgement}`

export const pageAnswered = ({ came, shot }: Sent): string =>
  `${names[shot.kind]} was answered ${came.status} with a page for a browser: that is no webhook. Is this its path, or does a login or a front end answer?`

/** An attack that was neither let in nor refused. */
export function attackFailed(sent: Sent): string {
  const { status, error } = sent.came
  if (error !== undefined) return `${names[sent.shot.kind]} was not answered (${error}): it should be 401.`
  return `${names[sent.shot.kind]} was answered ${status}: it should be 401, whatever else is wrong.`
}

/** What a genuine delivery met instead of an acknowledgement, and where to look. */
export function notAcknowledged({ shot, came: { status, error, body = '' } }: Sent, about: About): string {
  const what = names[shot.kind]
  if (error !== undefined) return `${what} was not answered: ${unanswered(error, about)}`
  const code = /^\{"error":"(\w{1,40})"\}$/.exec(body)?.[1]
  const said = `${what} was answered ${status}${code === undefined ? '' : ` (${code})`}`
  return `${said}: ${reason(status ?? 0, code, about)}`
}

function unanswered(error: string, { timeoutSeconds }: About): string {
  if (error === 'timeout') return `not within ${timeoutSeconds} s. Acknowledge first, and do slow work afterwards.`
  if (error === 'ECONNREFUSED') return 'nothing listens there. Is the receiver started, and is this its port?'
  if (error === 'ENOTFOUND' || error === 'EAI_AGAIN') return 'the host name does not resolve.'
  return `the connection failed (${error}). Does the receiver crash?`
}

function reason(status: number, code: string | undefined, { title, api, secretFrom }: About): string {
  if (status >= 300 && status < 400) return 'a redirect, which providers do not follow. Give them the final URL.'
  const sentence = code === undefined ? undefined : ofCode[code]
  if (sentence !== undefined) return sentence
  if (api !== undefined && (status === 401 || status === 503) && !api.asked())
    return `the receiver did not ask the stand-in for ${title}'s API. ${api.setting}`
  if (status === 503) return 'the store, the confirming API or something else it needs does not answer.'
  if (status >= 500) return 'it failed. The receiver log says why.'
  if (status === 401) return isSecretTheSame(secretFrom)
  return ofStatus[status] ?? 'the provider counts that as a failure.'
}

const isSecretTheSame = (from: string | undefined): string =>
  `is the receiver configured with the same secret${from === undefined ? '' : ` (here it is from ${from})`}? \`payproof explain\` finds out what is wrong with a delivery.`

const ofStatus: Readonly<Record<number, string>> = {
  403: 'something before the handler refused it: a login, a CSRF check, an address list?',
  404: 'there is no route at this path.',
  405: 'the route takes no POST.',
  409: 'the event is said to be in progress, and no copy of it was acknowledged.',
  413: 'a limit on bodies is smaller than what the provider sends.',
  415: 'the content type or encoding is not taken.',
  429: 'a rate limit: providers send in bursts.',
}

const ofCode: Readonly<Record<string, string>> = {
  body_already_parsed: 'something parsed the body before the webhook: mount the webhook above the body parser.',
  handler_failed: 'the handler threw. The receiver log says what.',
  payload_invalid: 'it is proven, but its data is not what the receiver knows of this event.',
  store_unavailable: 'the store does not answer.',
  payment_unexpected: 'the handler found that it is not what the order asks for: give --data the order that it knows.',
  order_unknown: 'the handler knows no such order: give --data one that it knows.',
  shutting_down: 'the receiver is closing.',
}
