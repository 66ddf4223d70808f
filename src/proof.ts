import { type Awaitable, andThen, attempt } from './core/awaitable'
import type { Drift } from './core/drift'
import { judgeOf, Refusal } from './core/refusal'
import { forProvider, isWebhookError, WebhookError } from './errors'
import type { WebhookEvent } from './event'
import type { ProvenDelivery } from './handling'
import type { Report } from './observe'
import type { ReceiverSettings } from './options'
import { readRequest, type WebhookRequest } from './request'
import { note, type Trace } from './trace'
import { createWatch } from './watch'

/** Makes the part of a receiver that proves, parses and types a delivery, and looks at what came with it. */
export function createProof<Event extends WebhookEvent, Tx>(
  settings: ReceiverSettings<Event, Tx>,
  report: (report: Report) => void,
) {
  const { provider, toleranceSeconds, maxEventAgeSeconds, mode } = settings
  const { drift, unproven } = createWatch(settings, report)

  function proveBody({ headers }: WebhookRequest, body: Uint8Array, nowMs: number, drifts: Drift[]) {
    // Every comparison with NaN is false: no time would ever be too old.
    if (!Number.isFinite(nowMs))
      throw new WebhookError('configuration_invalid', '`now` must give milliseconds since 1970.')
    const found = (drift: Drift) => void drifts.push(drift)
    const context = { nowMs, toleranceSeconds, maxEventAgeSeconds, drift: found }
    return judgeOf(provider.verify).call(provider, { headers, body }, context)
  }

  function assertMode({ proof }: Event): void {
    if (mode !== undefined && proof.mode !== undefined && proof.mode !== mode)
      throw new WebhookError('mode_mismatch', `The event is from ${proof.mode} mode, this receiver for ${mode}.`)
  }

  return {
    /** A refusal is a value here: strangers cause many, and throwing costs more than refusing. `now` is asked once the body is there. */
    prove(request: WebhookRequest, trace: Trace, now = settings.now): Awaitable<ProvenDelivery<Event> | WebhookError> {
      // Told only once the delivery is known to be for this receiver.
      const drifts: Drift[] = []
      const refused = (error: WebhookError) => {
        if (error.code === 'payload_invalid') drifts.forEach(drift)
        unproven(request, trace.body, error, now())
        return error
      }
      const prove = () =>
        andThen(readRequest(request, settings), (body) => {
          trace.body = body
          const receivedMs = now()
          return andThen(proveBody(request, body, receivedMs, drifts), (event) => {
            if (event instanceof Refusal) return refused(event.toError(provider.name))
            assertMode(event)
            drifts.forEach(drift)
            note(trace, event)
            return { event, body, headers: request.headers, receivedMs, replayed: false }
          })
        })
      return attempt<ProvenDelivery<Event> | WebhookError>(prove, (caught) =>
        refused(asWebhookError(provider.name, caught)),
      )
    },
  }
}

export function asWebhookError(provider: string, caught: unknown): WebhookError {
  const error = forProvider(provider, caught)
  if (isWebhookError(error)) return error
  return new WebhookError('internal_error', 'Something threw that should not have.', { provider, cause: caught })
}
