import { isWebhookError, type WebhookError } from '../../src'
import { rememberText } from './said'

/** The error a promise is rejected with; fails if it is none of ours. */
export async function rejection(promise: Promise<unknown>): Promise<WebhookError> {
  return promise.then(
    () => {
      throw new Error('expected a rejection')
    },
    (error: unknown) => {
      rememberText(error)
      if (isWebhookError(error)) return error
      throw error
    },
  )
}

/** The code an action throws with. */
export function thrown(action: () => unknown): WebhookError {
  try {
    action()
  } catch (error) {
    rememberText(error)
    if (isWebhookError(error)) return error
    throw error
  }
  throw new Error('expected an error')
}
