import type { WebhookError } from './errors'

/** An HTTP answer, ready for any framework. */
export interface Reply {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** 200 with what the provider wants to read. */
export function acknowledge(acknowledgement: { readonly contentType: string; readonly body: string }): Reply {
  return { status: 200, headers: { 'content-type': acknowledgement.contentType }, body: acknowledgement.body }
}

/** Whether a reply says anything but: handled. */
export function isRefusal({ status }: Pick<Reply, 'status'>): boolean {
  return status >= 400
}

const waitSeconds = 5
const maxWaitSeconds = 30

/** The answer to a delivery that was not handled: a code and nothing else, and not even that to whoever is not proven. */
export function refuse(error: WebhookError, retryAfterSeconds = waitSeconds): Reply {
  const { status, code } = error
  // The same bytes for every reason: an answer that tells reasons apart is an oracle.
  const body = JSON.stringify({ error: status === 401 ? 'unauthorized' : code })
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...extraHeaders(status, retryAfterSeconds) },
    body,
  }
}

function extraHeaders(status: number, retryAfterSeconds: number): Record<string, string> {
  if (status === 405) return { allow: 'POST' }
  if (status !== 409 && status !== 503) return {}
  return { 'retry-after': String(Math.min(Math.max(Math.ceil(retryAfterSeconds), 1), maxWaitSeconds)) }
}
