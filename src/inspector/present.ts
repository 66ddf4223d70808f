import { sha256Hex } from '#hmac'
import { toBytes } from '../core/bytes'
import { adviceOnAnswer, isTaken } from './answers'
import { diagnose } from './diagnose'
import { factsOf } from './facts'
import type { Kept } from './log'
import { mask } from './mask'
import { adviceOnPost } from './post'
import { isSecretHeader, ownSecrets, type Secrets, secretsIn } from './secrets'
import type { Detail, Pairs, ShownAnswer, Summary, Verdict } from './shown'
import { canSign } from './sign'
import { maxShown, shownText } from './text'

/** A delivery as a line of the list. */
export function summarize(kept: Kept): Summary {
  const { number, receivedAtMs, source, event, outcome, answer, error, body, durationMs, again } = kept
  return {
    number,
    receivedAtMs,
    provider: source.name,
    verdict: verdictOf(kept),
    about: aboutEvent(kept),
    ...(outcome === undefined ? {} : { outcome }),
    ...(answer === undefined ? {} : { answered: answer.status, accepted: isTaken(answer.status) }),
    ...(error === undefined ? {} : { code: error.code }),
    ...(event === undefined ? {} : { wireType: event.wireType, eventId: event.id, eventKey: event.idempotencyKey }),
    ...(body === undefined ? {} : { bodyHash: hashOf(kept), bodyBytes: body.length }),
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(again === undefined ? {} : { again }),
  }
}

function verdictOf({ event, error, outcome, steps }: Kept): Verdict {
  if (event !== undefined || steps.some(({ what }) => what === 'verified')) return 'verified'
  if (outcome === undefined && error === undefined) return 'pending'
  return outcome === 'unavailable' || outcome === 'misuse' ? 'unchecked' : 'refused'
}

const hashes = new WeakMap<Uint8Array, string>()

/** A body is hashed once, however often its line is told anew. */
function hashOf({ body = new Uint8Array() }: Kept): string {
  const known = hashes.get(body) ?? sha256Hex(body).slice(0, 16)
  hashes.set(body, known)
  return known
}

/** Cut, and without the query: it is printed for each delivery. */
function aboutEvent({ source, event, path }: Kept): string[] {
  const { amount, orderId, paymentId } = event?.payment ?? {}
  const money = amount === undefined ? undefined : `${amount.value} ${amount.currency}`
  const secrets = ownSecrets(source.provider)
  return [money, orderId, paymentId, listedPath(source, path)]
    .filter((each) => each !== undefined)
    .map((each) => mask(each, secrets).slice(0, maxListed))
}

const maxListed = 200

/** Which tokens to hide is not known before the body is: what may be one is left out of a path. */
function listedPath({ provider }: Kept['source'], path = '/'): string | undefined {
  const plain = path.replace(/[?#].*$/s, '')
  if (plain === '/') return undefined
  return provider?.clues?.().proof === 'token' ? plain.replace(/[^/]{16,}/g, '[hidden]') : plain
}

/** A delivery with everything that is known of it, and its diagnosis where it did not verify. */
export async function describe(kept: Kept, resends: boolean): Promise<Detail> {
  const { source, body, event, error, answer, thrown, forward } = kept
  const secrets = await secretsIn(source.provider, body)
  const diagnosis = await diagnose(kept)
  return {
    summary: summarize(kept),
    ...(kept.method === undefined ? {} : { method: kept.method }),
    ...(kept.path === undefined ? {} : { path: mask(kept.path, secrets) }),
    headers: shownHeaders(kept, kept.headers, secrets),
    ...(body === undefined ? { bodyMissing: kept.bodyMissing ?? missing(kept) } : { body: shownText(body, secrets) }),
    facts: factsOf(kept).map(([name, value]) => [name, mask(value, secrets)]),
    ...(event === undefined ? {} : { event: shownText(toBytes(JSON.stringify(event, undefined, 2)), secrets) }),
    ...(error === undefined ? {} : { hint: error.hint }),
    ...(diagnosis === undefined ? {} : { diagnosis }),
    steps: kept.steps,
    ...(thrown === undefined ? {} : { thrown: shownText(toBytes(textOf(thrown)), secrets) }),
    ...(answer === undefined ? {} : { answer: shownAnswer(kept, answer, secrets) }),
    ...(forward === undefined ? {} : { forward: { ...forward, ...forwardAdvice(kept) } }),
    resend: resendable(kept, resends),
  }
}

function missing({ outcome }: Kept): string {
  return outcome === undefined ? 'It is still being read.' : 'It was not read: the delivery was refused before that.'
}

/** Somebody's credentials are no part of a delivery's proof. */
export function shownHeaders(kept: Kept, headers: Pairs, secrets: Secrets): Pairs {
  return headers.map(([name, value]) => [
    name,
    isSecretHeader(kept, name) ? '[hidden]' : mask(value, secrets).slice(0, maxShown / 4),
  ])
}

function shownAnswer(
  kept: Kept,
  { status, headers, body }: NonNullable<Kept['answer']>,
  secrets: Secrets,
): ShownAnswer {
  return { status, headers: shownHeaders(kept, headers, secrets), body: shownText(body, secrets) }
}

function forwardAdvice(kept: Kept): { readonly advice?: string } {
  const { forward = {}, answer } = kept
  const advice = adviceOnPost(forward) ?? adviceOnAnswer(answer?.status, verdictOf(kept) === 'verified')
  return advice === undefined ? {} : { advice }
}

function resendable({ source, body }: Kept, resends: boolean): Detail['resend'] {
  if (!resends)
    return { asItWas: false, anew: false, why: 'Give `inspector` the address that deliveries come to, as `to`.' }
  if (body === undefined) return { asItWas: false, anew: false, why: 'Its body is not here.' }
  if (canSign(source.provider)) return { asItWas: true, anew: true }
  const why =
    source.provider === undefined
      ? 'To sign it anew, give `inspector` the `provider`.'
      : 'Deliveries of this provider are not signed: a change needs no signature.'
  return { asItWas: true, anew: false, why }
}

function textOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.stack ?? `${thrown.name}: ${thrown.message}`
  return typeof thrown === 'string' ? thrown : (JSON.stringify(thrown) ?? String(thrown))
}
