import type { Drift } from './core/drift'
import { letGo } from './deadline'
import type { WebhookError } from './errors'
import type { WebhookEvent } from './event'
import type { Report } from './observe'
import type { ReceiverSettings } from './options'
import type { WebhookRequest } from './request'

/** Diagnoses of each code that may follow one another; one more is allowed for every quiet time after the last. */
const allowance = 3
const quietMs = 10_000
/** Told once each; a provider with more novelties than this has another problem. */
const maxDrifts = 1000

interface Allowance {
  readonly left: number
  /** When the last diagnosis began, and then when it ended: only quiet time gives anything back. */
  readonly sinceMs: number
}

/** Makes the part of a receiver that looks for what a person should know of, besides the outcomes. */
export function createWatch<Event extends WebhookEvent, Tx>(
  { provider, account, diagnose, toleranceSeconds, maxEventAgeSeconds }: ReceiverSettings<Event, Tx>,
  report: (report: Report) => void,
) {
  const about = { provider: provider.name, account }
  const told = new Set<string>()
  const allowances = new Map<string, Allowance>()
  let diagnosing = false

  /** Each code has its own: a stranger who causes the one keeps nobody from being told of another. */
  function mayDiagnose(code: string): boolean {
    if (diagnosing) return false
    const { left, sinceMs } = allowances.get(code) ?? { left: allowance, sinceMs: 0 }
    const refilled = Math.min(allowance, left + Math.floor((performance.now() - sinceMs) / quietMs))
    if (refilled < 1) return false
    allowances.set(code, { left: refilled - 1, sinceMs: performance.now() })
    return true
  }

  async function explainLater({ headers }: WebhookRequest, body: Uint8Array, nowMs: number): Promise<void> {
    const { explain } = await import('./diagnosis/explain')
    const settings = {
      provider,
      now: nowMs,
      toleranceSeconds,
      maxEventAgeSeconds,
      ...(typeof diagnose === 'object' ? diagnose : {}),
    }
    report({ type: 'diagnosis', ...about, ...(await explain({ headers, body }, settings)) })
  }

  return {
    drift(drift: Drift): void {
      const key = `${drift.kind} ${drift.wireType} ${drift.path}`
      if (told.has(key) || told.size >= maxDrifts) return
      told.add(key)
      report({ type: 'drift', ...about, ...drift })
    },

    /** After the answer, and seldom: a stranger must neither wait for it nor be able to keep us busy with it. */
    unproven(request: WebhookRequest, body: Uint8Array | undefined, { code }: WebhookError, nowMs: number): void {
      if (diagnose === undefined || body === undefined || !/^(?:signature|token|timestamp)_/.test(code)) return
      if (!mayDiagnose(code)) return
      diagnosing = true
      const ended = () => {
        diagnosing = false
        const { left } = allowances.get(code) ?? { left: 0 }
        allowances.set(code, { left, sinceMs: performance.now() })
      }
      letGo(setTimeout(() => explainLater(request, body, nowMs).then(ended, ended), 0))
    },
  }
}
