import type { Drift } from './core/drift'
import { letGo } from './deadline'
import type { WebhookError } from './errors'
import type { WebhookEvent } from './event'
import type { Report } from './observe'
import type { ReceiverSettings } from './options'
import type { WebhookRequest } from './request'

const quietMs = 10_000
/** Told once each; a provider with more novelties than this has another problem. */
const maxDrifts = 1000

/** Makes the part of a receiver that looks for what a person should know of, besides the outcomes. */
export function createWatch<Event extends WebhookEvent, Tx>(
  { provider, account, diagnose, toleranceSeconds, maxEventAgeSeconds }: ReceiverSettings<Event, Tx>,
  report: (report: Report) => void,
) {
  const about = { provider: provider.name, account }
  const told = new Set<string>()
  let quietUntilMs = Number.NEGATIVE_INFINITY

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
      if (performance.now() < quietUntilMs) return
      quietUntilMs = performance.now() + quietMs
      letGo(setTimeout(() => explainLater(request, body, nowMs).catch(() => {}), 0))
    },
  }
}
