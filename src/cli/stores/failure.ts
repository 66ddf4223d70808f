import { isWebhookError } from '../../errors'
import { withoutValues } from '../../stores/store'

/** What a driver says, as a sentence, without what it was sent. Several addresses that all failed say nothing themselves. */
export function failureOf(error: unknown): string {
  if (isWebhookError(error)) return error.hint
  const { errors } = (error ?? {}) as { errors?: readonly unknown[] }
  const { message, code } = withoutValues(errors?.[0] ?? error) as Error & { code?: unknown }
  const text = message || String(code ?? 'no reason given')
  return /[.!?]$/.test(text) ? text : `${text}.`
}
