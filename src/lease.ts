import { asking, letGo, pause, within } from './deadline'
import { isWebhookError, WebhookError } from './errors'
import type { StoreReport } from './observe'
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
  /** Renews it from now on, until it ends. */
  keep(): void
  /** Records the event as handled. `false` if the store failed: then it is tried again in the background. */
  complete(): Promise<boolean>
  /** Records it within a transaction. `false`: another worker has taken it over. Throws when the store fails. */
  completeIn(complete: Complete): Promise<boolean>
  /** Gives the event back, with a letter. Resolves with whether the store took both. Does not throw. */
  release(letter?: string): Promise<boolean>
  /** Gives the event back while its handler still runs, and tells the handler. Does not throw. */
  abandon(): Promise<void>
}

/** Claims the key. Throws `store_unavailable` when the store gives no answer in time. */
export async function claim(settings: LeaseSettings, key: string, letter?: string): Promise<Claim> {
  const { store, leaseSeconds, storeTimeoutMs } = settings
  const asked = asking(() => store.claim(key, leaseSeconds, letter))
  try {
    return assertClaim(await within(storeTimeoutMs, asked))
  } catch (error) {
    giveBackWhenLate(settings, key, asked)
    throw isWebhookError(error)
      ? error
      : new WebhookError('store_unavailable', 'The store failed at the claim.', { cause: error })
  }
}

/** A store is somebody else's code: what it says decides about money. */
function assertClaim(claim: Claim): Claim {
  const { state } = claim
  if (state === 'completed' || state === 'in_progress' || (state === 'acquired' && typeof claim.token === 'string'))
    return claim
  throw new Error('The store answered a claim with none of the states there are.')
}

/** A claim that is granted after we stopped waiting would block the event until its lease ends. */
function giveBackWhenLate({ store }: LeaseSettings, key: string, asked: Promise<Claim>): void {
  asked.then((late) => (late.state === 'acquired' ? store.release(key, late.token) : undefined)).catch(() => {})
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
  const { store, leaseSeconds, retentionSeconds, storeTimeoutMs } = settings
  let renewal: ReturnType<typeof setInterval> | undefined
  let lost = false
  let controller: AbortController | undefined
  let heldUntilMs = performance.now() + leaseSeconds * 1000
  let handled = false

  function keep(): void {
    renewal ??= setInterval(renew, (leaseSeconds * 1000) / 3)
  }

  function stop(): void {
    clearInterval(renewal)
    renewal = undefined
  }

  async function renew(): Promise<void> {
    const askedMs = performance.now()
    try {
      if (
        await within(
          storeTimeoutMs,
          asking(() => store.renew(key, token, leaseSeconds)),
        )
      ) {
        heldUntilMs = askedMs + leaseSeconds * 1000
      } else if (!handled) lose()
    } catch (error) {
      if (!handled) report('renew_failed', error)
      if (!handled && performance.now() >= heldUntilMs) lose()
    }
  }

  /** Another worker has the event, or may have it by now. */
  function lose(): void {
    stop()
    if (lost) return
    tellHandler()
    report('lease_lost')
  }

  function tellHandler(): void {
    lost = true
    controller?.abort()
  }

  function recordCompletion(): Promise<boolean> {
    return within(
      storeTimeoutMs,
      asking(() => store.complete(key, token, retentionSeconds)),
      keep,
    )
  }

  /** The lease is renewed all the while; `false` now may only mean that an earlier try got through after all. */
  async function keepTryingToComplete(): Promise<void> {
    const giveUpMs = performance.now() + keepTryingMs
    for (let pauseMs = 100; performance.now() < giveUpMs; pauseMs = Math.min(pauseMs * 2, maxPauseMs)) {
      await pause(pauseMs)
      try {
        await recordCompletion()
        return stop()
      } catch {
        // Reported when it failed first; again below if it never succeeds.
      }
    }
    stop()
    report('complete_lost')
  }

  return {
    get signal() {
      controller ??= lost ? aborted() : new AbortController()
      return controller.signal
    },
    keep,
    async complete() {
      handled = true
      try {
        const recorded = await recordCompletion()
        stop()
        if (!recorded && !lost) report('lease_lost')
        return true
      } catch (error) {
        report('complete_failed', error)
        keep()
        letGo(renewal)
        void keepTryingToComplete()
        return false
      }
    },
    async completeIn(complete) {
      // A renewal from outside would wait for the transaction, and then find no owner any more.
      handled = true
      stop()
      const recorded = await within(storeTimeoutMs, complete(key, token, retentionSeconds))
      if (!recorded) lose()
      return recorded
    },
    release,
    async abandon() {
      tellHandler()
      await release()
    },
  }

  async function release(letter?: string): Promise<boolean> {
    handled = true
    stop()
    try {
      return await within(
        storeTimeoutMs,
        asking(() => store.release(key, token, letter)),
      )
    } catch (error) {
      report('release_failed', error)
      return false
    }
  }
}

function aborted(): AbortController {
  const controller = new AbortController()
  controller.abort()
  return controller
}
