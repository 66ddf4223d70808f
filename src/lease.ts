import { isWebhookError, WebhookError } from './errors'
import type { StoreReport } from './observe'
import type { Claim, IdempotencyStore } from './stores/store'

export interface LeaseSettings {
  readonly store: IdempotencyStore
  readonly key: string
  readonly leaseSeconds: number
  readonly retentionSeconds: number
  readonly storeTimeoutMs: number
  readonly report: (type: StoreReport['type'], error?: unknown) => void
}

/** One worker's hold on an event: renewed until it is completed or released. */
export interface Lease {
  /** Aborted when another worker has taken the event over. */
  readonly signal: AbortSignal
  /** Records the event as handled. `false` if the store failed: then it is tried again in the background. */
  complete(): Promise<boolean>
  /** Gives the event back. Does not throw. */
  release(): Promise<void>
}

/** Claims the key. Throws `store_unavailable` when the store gives no answer in time. */
export async function claim(settings: LeaseSettings): Promise<Claim> {
  const { store, key, leaseSeconds, storeTimeoutMs } = settings
  const asked = Promise.resolve().then(() => store.claim(key, leaseSeconds))
  try {
    return await within(storeTimeoutMs, asked)
  } catch (error) {
    giveBackWhenLate(settings, asked)
    throw isWebhookError(error)
      ? error
      : new WebhookError('store_unavailable', 'The store failed at the claim.', { cause: error })
  }
}

/** A claim that is granted after we stopped waiting would block the event until its lease ends. */
function giveBackWhenLate({ store, key }: LeaseSettings, asked: Promise<Claim>): void {
  asked.then((late) => (late.state === 'acquired' ? store.release(key, late.token) : undefined)).catch(() => {})
}

export function holdLease(settings: LeaseSettings, token: string): Lease {
  const { store, key, leaseSeconds, retentionSeconds, storeTimeoutMs, report } = settings
  const lost = new AbortController()
  const renewal = setInterval(renew, (leaseSeconds * 1000) / 3)

  async function renew(): Promise<void> {
    try {
      if (await within(storeTimeoutMs, store.renew(key, token, leaseSeconds))) return
      clearInterval(renewal)
      if (lost.signal.aborted) return
      lost.abort()
      report('lease_lost')
    } catch (error) {
      report('renew_failed', error)
    }
  }

  async function recordCompletion(): Promise<void> {
    if (await within(storeTimeoutMs, store.complete(key, token, retentionSeconds))) return
    if (!lost.signal.aborted) report('lease_lost')
  }

  async function keepTryingToComplete(): Promise<void> {
    const giveUpMs = performance.now() + leaseSeconds * 1000
    for (let waitMs = 100; performance.now() + waitMs < giveUpMs; waitMs = Math.min(waitMs * 2, 5000)) {
      await sleep(waitMs)
      try {
        return await recordCompletion()
      } catch {
        // Reported when it failed first; again below if it never succeeds.
      }
    }
    report('complete_lost')
  }

  return {
    signal: lost.signal,
    async complete() {
      clearInterval(renewal)
      try {
        await recordCompletion()
        return true
      } catch (error) {
        report('complete_failed', error)
        void keepTryingToComplete()
        return false
      }
    },
    async release() {
      clearInterval(renewal)
      try {
        await within(storeTimeoutMs, store.release(key, token))
      } catch (error) {
        report('release_failed', error)
      }
    },
  }
}

/** Our own deadline: most clients wait for a silent server for ever. */
async function within<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new WebhookError('store_unavailable', `The store gave no answer within ${timeoutMs} ms.`)),
      timeoutMs,
    )
  })
  try {
    return await Promise.race([answer, deadline])
  } finally {
    clearTimeout(timer)
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
