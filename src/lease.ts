import { type Awaitable, andThen, attempt } from './core/awaitable'
import { askPast, type DeadLetter, sealLetter } from './dead-letters'
import { asking, letGo, pause, within } from './deadline'
import { isWebhookError, WebhookError, type WebhookErrorCode } from './errors'
import type { StoreReport } from './observe'
import { atOnce } from './stores/at-once'
import type { Claim, Complete, IdempotencyStore } from './stores/store'

export interface LeaseSettings {
  readonly store: Omit<IdempotencyStore, 'transaction'>
  readonly leaseSeconds: number
  readonly retentionSeconds: number
  readonly storeTimeoutMs: number
}

/** One worker's hold on an event: renewed until it is completed or released. */
export interface Lease {
  /** Aborted when another worker has taken the event over. Made when it is asked for: few handlers do. */
  readonly signal: AbortSignal
  /** Whether it was given back while the handler ran. */
  readonly abandoned: boolean
  /** Whether the handler has been told to stop, by a signal that it had asked for, though maybe nobody else has the event. */
  readonly interrupted: boolean
  /**
   * Renews it from now on, until it ends. What is done in a transaction counts only if the lease is still held then: where renewing fails,
   * nobody is told to stop before somebody else is known to have the event.
   */
  keep(inTransaction?: boolean): void
  /** Records the event as handled. `false` if the store failed: then it is tried again in the background. */
  complete(): Awaitable<boolean>
  /** Those tries: resolves once one succeeds, or when they are given up. */
  readonly recording: Promise<void> | undefined
  /** Records it within a transaction. `false`: another worker has taken it over. Throws when the store fails. */
  completeIn(complete: Complete): Promise<boolean>
  /** Gives the event back, with a letter. Resolves with whether the store took both. Does not throw. */
  release(letter?: string): Promise<boolean>
  /** Gives the event back while its handler still runs, and tells the handler. Does not throw. */
  abandon(): Promise<void>
}

/** Claims the key. Throws `store_unavailable` when the store gives no answer in time. */
export function claim(settings: LeaseSettings, key: string, letter?: string, late?: LateLetter): Awaitable<Claim> {
  const { store, leaseSeconds } = settings
  const ask = atOnce(store.claim)
  return attempt(
    () => (ask === undefined ? claimInTime(settings, key, letter, late) : ask(key, leaseSeconds, letter)),
    unclaimed,
  )
}

/** The delivery, to be kept with a claim that came too late for it. */
export type LateLetter = (attempts: number, reason: WebhookErrorCode) => DeadLetter

async function claimInTime(settings: LeaseSettings, key: string, letter?: string, late?: LateLetter): Promise<Claim> {
  const { store, leaseSeconds, storeTimeoutMs } = settings
  const asked = asking(() => store.claim(key, leaseSeconds, letter))
  try {
    return assertClaim(await within(storeTimeoutMs, asked))
  } catch (error) {
    giveBackWhenLate(settings, key, asked, late).catch(() => {})
    throw error
  }
}

function unclaimed(error: unknown): never {
  if (isWebhookError(error)) throw error
  throw new WebhookError('store_unavailable', 'The store failed at the claim.', { cause: error })
}

/** A store is somebody else's code: what it says decides about money. */
function assertClaim(claim: Claim): Claim {
  const { state } = claim
  if (state === 'completed' || state === 'in_progress' || (state === 'acquired' && typeof claim.token === 'string'))
    return claim
  throw new Error('The store answered a claim with none of the states there are.')
}

/** A claim that is granted after we stopped waiting would block the event until its lease ends, and count as an attempt. */
async function giveBackWhenLate(
  { store, storeTimeoutMs }: LeaseSettings,
  key: string,
  asked: Promise<Claim>,
  letter: LateLetter | undefined,
): Promise<void> {
  const claimed = await asked
  if (claimed.state !== 'acquired') return
  const { token, attempt = 1 } = claimed
  if (letter === undefined) return void (await store.release(key, token))
  const { excused } = await askPast(store, key, storeTimeoutMs)
  await store.release(key, token, sealLetter(letter(attempt, 'store_unavailable'), excused + 1))
}

/** How long a completion that the store does not take is tried again, and how often at the least. */
const keepTryingMs = 3_600_000
const maxPauseMs = 1000

export function holdLease(
  settings: LeaseSettings,
  key: string,
  token: string,
  report: (type: StoreReport['type'], error?: unknown) => void,
): Lease {
  return new HeldLease(settings, key, token, report)
}

/** A class, not closures: one is made for every event. */
class HeldLease implements Lease {
  readonly #settings: LeaseSettings
  readonly #key: string
  readonly #token: string
  readonly #report: (type: StoreReport['type'], error?: unknown) => void
  #renewal: ReturnType<typeof setInterval> | undefined
  #controller: AbortController | undefined
  #heldUntilMs: number
  #lost = false
  #lapsed = false
  #inTransaction = false
  #handled = false
  abandoned = false
  recording: Promise<void> | undefined

  constructor(...[settings, key, token, report]: Parameters<typeof holdLease>) {
    this.#settings = settings
    this.#key = key
    this.#token = token
    this.#report = report
    this.#heldUntilMs = performance.now() + settings.leaseSeconds * 1000
  }

  get signal(): AbortSignal {
    this.#controller ??= this.#lost ? aborted() : new AbortController()
    return this.#controller.signal
  }

  get interrupted(): boolean {
    return this.#lapsed && this.#controller !== undefined
  }

  keep(inTransaction = this.#inTransaction): void {
    this.#inTransaction = inTransaction
    this.#renewal ??= setInterval(() => this.#renew(), (this.#settings.leaseSeconds * 1000) / 3)
  }

  complete(): Awaitable<boolean> {
    this.#handled = true
    return attempt(
      () => andThen(this.#record(), (recorded) => this.#completed(recorded)),
      (error) => this.#notCompleted(error),
    )
  }

  #completed(recorded: boolean): boolean {
    this.#stop()
    if (!recorded && !this.#lost) this.#report('lease_lost')
    return true
  }

  #notCompleted(error: unknown): boolean {
    this.#report('complete_failed', error)
    this.keep()
    letGo(this.#renewal)
    this.recording = this.#keepTryingToComplete()
    return false
  }

  async completeIn(complete: Complete): Promise<boolean> {
    const { storeTimeoutMs, retentionSeconds } = this.#settings
    // A renewal from outside would wait for the transaction, and then find no owner any more.
    this.#handled = true
    this.#stop()
    const recorded = await within(storeTimeoutMs, complete(this.#key, this.#token, retentionSeconds))
    if (!recorded) this.#lose()
    return recorded
  }

  async release(letter?: string): Promise<boolean> {
    const { store, storeTimeoutMs } = this.#settings
    this.#handled = true
    this.#stop()
    try {
      return await within(
        storeTimeoutMs,
        asking(() => store.release(this.#key, this.#token, letter)),
      )
    } catch (error) {
      this.#report('release_failed', error)
      return false
    }
  }

  async abandon(): Promise<void> {
    // Its handler has come to an end: what is on its way to the store is the completion.
    if (this.#handled) return
    this.abandoned = true
    this.#tellHandler()
    await this.release()
  }

  #stop(): void {
    clearInterval(this.#renewal)
    this.#renewal = undefined
  }

  async #renew(): Promise<void> {
    const { store, leaseSeconds, storeTimeoutMs } = this.#settings
    const askedMs = performance.now()
    try {
      const renewed = asking(() => store.renew(this.#key, this.#token, leaseSeconds))
      if (await within(storeTimeoutMs, renewed)) this.#heldUntilMs = askedMs + leaseSeconds * 1000
      else if (!this.#handled) this.#lose()
    } catch (error) {
      if (!this.#handled) this.#report('renew_failed', error)
      if (!this.#handled && !this.#inTransaction && performance.now() >= this.#heldUntilMs) this.#lapse()
    }
  }

  #lapse(): void {
    this.#lapsed = true
    this.#lose()
  }

  /** Another worker has the event, or may have it by now. */
  #lose(): void {
    this.#stop()
    if (this.#lost) return
    this.#tellHandler()
    this.#report('lease_lost')
  }

  #tellHandler(): void {
    this.#lost = true
    this.#controller?.abort()
  }

  /** Renews meanwhile, should the store take its time. */
  #record(): Awaitable<boolean> {
    const { store, retentionSeconds, storeTimeoutMs } = this.#settings
    const ask = atOnce(store.complete)
    if (ask !== undefined) return ask(this.#key, this.#token, retentionSeconds)
    const asked = asking(() => store.complete(this.#key, this.#token, retentionSeconds))
    return within(storeTimeoutMs, asked, () => this.keep())
  }

  /** The lease is renewed all the while; `false` now may only mean that an earlier try got through after all. */
  async #keepTryingToComplete(): Promise<void> {
    const giveUpMs = performance.now() + keepTryingMs
    for (let pauseMs = 100; performance.now() < giveUpMs; pauseMs = Math.min(pauseMs * 2, maxPauseMs)) {
      await pause(pauseMs)
      try {
        await this.#record()
        return this.#stop()
      } catch {
        // Reported when it failed first; again below if it never succeeds.
      }
    }
    this.#stop()
    this.#report('complete_lost')
  }
}

function aborted(): AbortController {
  const controller = new AbortController()
  controller.abort()
  return controller
}
