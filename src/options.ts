import { hasMethods } from './core/methods'
import { assertGivenOrLeftOut, parseSecrets, type SecretInput } from './core/secrets'
import type { DeadLetter } from './dead-letters'
import { maxTimerMs } from './deadline'
import { misconfigured } from './errors'
import type { WebhookEvent } from './event'
import { logProblems } from './logs'
import { type Observer, together } from './observe'
import { type Provider, usualMaxAge } from './providers/provider'
import { defaultMaxBodyBytes } from './request'
import type { IdempotencyStore } from './stores/store'

export interface ReceiverOptions<Event extends WebhookEvent, Tx = undefined> {
  /** Whose deliveries these are: `caspay({ secret })` and its like. */
  provider: Provider<Event>
  /** Where handled events are remembered. Required: a silent default would be wrong the day a second process starts. */
  store: IdempotencyStore<Tx>
  /** Keeps the keys of two accounts with one provider apart: 1 to 64 letters, digits, dots, dashes, underscores. */
  account?: string
  /** The environment that this receiver is for: events that are known to be of the other one are refused. */
  mode?: 'test' | 'live'
  /** How far the time of an attempt may be off, either way. Default 300. */
  toleranceSeconds?: number
  /** The oldest event that is taken. Default 3 days, or the provider's retry horizon if that is longer. */
  maxEventAgeSeconds?: number
  /** How long handled events are remembered. Default: the store's, 7 days in memory. */
  retentionSeconds?: number
  /** How long a claim holds without being renewed. Default 60; renewed every third of it while the handler runs. */
  leaseSeconds?: number
  /** The largest body that is read. Default 1 MiB; never more than 64 KiB where a body is parsed before it is proven. */
  maxBodyBytes?: number
  /** How long a body may take to arrive. Default 5000. */
  bodyTimeoutMs?: number
  /** How long one call of the store may take. Default 1500. */
  storeTimeoutMs?: number
  /** Answers 503 when the handler takes longer; it goes on all the same. Off unless set. */
  answerWithinMs?: number
  /**
   * The attempt whose failure gives an event up: then it is answered 200, kept as a dead letter and handed to `onDeadLetter`. One
   * whose handler never comes to an end is given up after twice as many. Off unless set: the provider decides when to stop. Failed
   * deliveries are kept either way.
   */
  maxAttempts?: number
  /**
   * Handed every proven delivery that was not handled and that nobody will bring again: given up, or of a provider that delivers
   * once, unreadable ones too. It has `storeTimeoutMs` to save it elsewhere.
   */
  onDeadLetter?: (letter: DeadLetter) => unknown
  /**
   * Reports why deliveries do not verify, as `explain` does: after the answer, one at a time, at most three of a code and one more
   * every ten seconds. Give it the other secrets you know, and it tells when one of them was meant.
   */
  diagnose?: boolean | { otherSecrets?: SecretInput }
  /** Told of everything that happened, also several: `[logTo(logger), count]`. The default writes problems to the console. */
  observe?: Observer | readonly Observer[]
  /** The clock, in milliseconds since 1970, for tests. */
  now?: () => number
}

type Optional = 'mode' | 'diagnose' | 'answerWithinMs' | 'maxAttempts' | 'onDeadLetter'

export type ReceiverSettings<Event extends WebhookEvent, Tx = undefined> = Required<
  Omit<ReceiverOptions<Event, Tx>, Optional | 'observe'>
> & { readonly observe: Observer } & { readonly [Name in Optional]: ReceiverOptions<Event, Tx>[Name] | undefined }

const day = 86_400
/** Databases have an end of time. */
const century = 36_525 * day

/** Fills in and checks the options. Throws a `WebhookError` (`configuration_invalid`) that names the wrong one. */
export function parseOptions<Event extends WebhookEvent, Tx>(
  options: ReceiverOptions<Event, Tx>,
): ReceiverSettings<Event, Tx> {
  const { provider, store, account = '', now = Date.now, onDeadLetter } = options
  assertProvider(provider)
  assertStore(store)
  if (typeof account !== 'string' || !/^[\w.-]{0,64}$/.test(account)) {
    throw misconfigured('account', 'must be 1 to 64 letters, digits, dots, dashes or underscores.')
  }
  assertClock(now)
  assertGivenOrLeftOut('', options, 'mode')
  const settings: ReceiverSettings<Event, Tx> = {
    provider,
    store,
    account,
    observe: parseObserve(options.observe),
    now,
    toleranceSeconds: inRange('toleranceSeconds', options.toleranceSeconds ?? 300, 1, day),
    maxEventAgeSeconds: inRange('maxEventAgeSeconds', options.maxEventAgeSeconds ?? usualMaxAge(provider), 1),
    retentionSeconds: inRange(
      'retentionSeconds',
      options.retentionSeconds ?? store.defaultRetentionSeconds ?? 7 * day,
      1,
      century,
    ),
    leaseSeconds: inRange('leaseSeconds', options.leaseSeconds ?? 60, 0.05, day),
    maxBodyBytes: Math.min(
      inRange('maxBodyBytes', options.maxBodyBytes ?? defaultMaxBodyBytes, 1),
      provider.maxBodyBytes ?? Number.POSITIVE_INFINITY,
    ),
    bodyTimeoutMs: inRange('bodyTimeoutMs', options.bodyTimeoutMs ?? 5000, 1, maxTimerMs),
    storeTimeoutMs: inRange('storeTimeoutMs', options.storeTimeoutMs ?? 1500, 1, maxTimerMs),
    answerWithinMs:
      options.answerWithinMs === undefined
        ? undefined
        : inRange('answerWithinMs', options.answerWithinMs, 1, maxTimerMs),
    maxAttempts: parseMaxAttempts(options),
    mode: parseMode(options.mode),
    diagnose: parseDiagnose(options.diagnose),
    onDeadLetter,
  }
  assertReplaysAreKnown(settings)
  return settings
}

function inRange(setting: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === 'number' && value >= min && value <= max) return value
  throw misconfigured(setting, `must be a number from ${min} to ${max}.`)
}

function parseObserve(observe: ReceiverOptions<WebhookEvent>['observe'] = logProblems()): Observer {
  const observers: readonly unknown[] = Array.isArray(observe) ? observe : [observe]
  if (observers.every((each) => typeof each === 'function')) return together(observers as readonly Observer[])
  throw misconfigured('observe', 'must be a function, or a list of functions.')
}

function parseMode(mode: unknown): 'test' | 'live' | undefined {
  if (mode === undefined || mode === 'test' || mode === 'live') return mode
  throw misconfigured('mode', "must be 'test' or 'live'.")
}

function parseDiagnose(
  diagnose: ReceiverOptions<WebhookEvent>['diagnose'],
): { otherSecrets?: SecretInput } | undefined {
  if (diagnose === undefined || diagnose === false) return undefined
  if (diagnose === true) return {}
  if (diagnose.otherSecrets !== undefined) parseSecrets('diagnose: otherSecrets', diagnose.otherSecrets)
  return diagnose
}

/** What is acknowledged without having been handled must be kept somewhere. */
function parseMaxAttempts<Event extends WebhookEvent, Tx>(options: ReceiverOptions<Event, Tx>): number | undefined {
  const { store, maxAttempts, onDeadLetter } = options
  if (onDeadLetter !== undefined && typeof onDeadLetter !== 'function')
    throw misconfigured('onDeadLetter', 'must be a function.')
  if (maxAttempts === undefined) return undefined
  if (!Number.isSafeInteger(maxAttempts) || maxAttempts < 1)
    throw misconfigured('maxAttempts', 'must be a whole number, 1 or more.')
  if (store.letters === undefined && onDeadLetter === undefined)
    throw misconfigured('maxAttempts', 'needs a store that keeps letters, or `onDeadLetter`: the event would be lost.')
  return maxAttempts
}

/** A replay must be either too old or still known: whatever is young enough to be taken is remembered. */
function assertReplaysAreKnown({
  provider,
  maxEventAgeSeconds,
  toleranceSeconds,
  retentionSeconds,
  leaseSeconds,
}: Omit<ReceiverSettings<WebhookEvent>, 'store' | Optional>): void {
  const { name, retryHorizonSeconds } = provider
  if (maxEventAgeSeconds < retryHorizonSeconds) {
    throw misconfigured('maxEventAgeSeconds', `must be at least ${retryHorizonSeconds}: ${name} retries that long.`)
  }
  // An event may be dated ahead by the tolerance, and is young for that much longer.
  const needed = maxEventAgeSeconds + toleranceSeconds + retryHorizonSeconds + leaseSeconds
  if (retentionSeconds < needed) {
    throw misconfigured(
      'retentionSeconds',
      `must be at least ${needed} (maxEventAgeSeconds ${maxEventAgeSeconds} + toleranceSeconds ${toleranceSeconds} + the retry horizon of ${name} ${retryHorizonSeconds} + leaseSeconds ${leaseSeconds}), or a replay could outlive the memory of it.`,
    )
  }
}

function assertClock(now: unknown): void {
  if (typeof now !== 'function') throw misconfigured('now', 'must be a function.')
  const ms: unknown = now()
  if (typeof ms === 'number' && ms > 1e8 && ms < 1e11)
    throw misconfigured('now', 'must give milliseconds: this looks like seconds.')
}

function assertProvider(provider: unknown): void {
  if (hasMethods(provider, ['verify'])) return
  throw misconfigured('provider', 'is missing: give what one of the provider functions or `defineProvider` returns.')
}

function assertStore(store: unknown): void {
  if (hasMethods(store, ['claim', 'renew', 'complete', 'release'])) return
  throw misconfigured('store', 'is missing or lacks claim, renew, complete or release: give one such as memoryStore().')
}
