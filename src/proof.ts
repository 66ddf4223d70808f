import { pickHeaders } from './dead-letters'
import { forProvider, isWebhookError, WebhookError } from './errors'
import type { WebhookEvent } from './event'
import type { ProvenDelivery } from './handling'
import type { Report } from './observe'
import type { ReceiverSettings } from './options'
import { readRequest, type WebhookRequest } from './request'
import { about, type Trace } from './trace'
import { createWatch } from './watch'

/** Makes the part of a receiver that proves, parses and types a delivery, and looks at what came with it. */
export function createProof<Event extends WebhookEvent, Tx>(
  settings: ReceiverSettings<Event, Tx>,
  report: (report: Report) => void,
) {
  const { provider, toleranceSeconds, maxEventAgeSeconds, mode } = settings
  const { drift, unproven } = createWatch(settings, report)
  const limits = { toleranceSeconds, maxEventAgeSeconds, drift }

  async function proveAt(request: WebhookRequest, trace: Trace, now: () => number): Promise<ProvenDelivery<Event>> {
    const body = await readRequest(request, settings)
    trace.body = body
    const nowMs = now()
    // Every comparison with NaN is false: no time would ever be too old.
    if (!Number.isFinite(nowMs))
      throw new WebhookError('configuration_invalid', '`now` must give milliseconds since 1970.')
    const { headers } = request
    const event = await provider.verify({ headers, body }, { nowMs, ...limits })
    if (mode !== undefined && event.proof.mode !== undefined && event.proof.mode !== mode)
      throw new WebhookError('mode_mismatch', `The event is from ${event.proof.mode} mode, this receiver for ${mode}.`)
    trace.about = about(event)
    const receivedAt = new Date(nowMs)
    return { event, headers: pickHeaders(headers, provider.headers), receivedAt, replayed: false }
  }

  return {
    /** Throws a `WebhookError`, whatever went wrong. `now` is asked once the body is there. */
    async prove(request: WebhookRequest, trace: Trace, now = settings.now): Promise<ProvenDelivery<Event>> {
      try {
        return await proveAt(request, trace, now)
      } catch (caught) {
        const error = asWebhookError(provider.name, caught)
        unproven(request, trace.body, error, now())
        throw error
      }
    },
  }
}

export function asWebhookError(provider: string, caught: unknown): WebhookError {
  const error = forProvider(provider, caught)
  if (isWebhookError(error)) return error
  return new WebhookError('internal_error', 'Something threw that should not have.', { provider, cause: caught })
}
