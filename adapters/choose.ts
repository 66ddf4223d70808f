import { isWebhookError, type Receiver, refuse, WebhookError, type WebhookEvent } from '../src'

/** A receiver, or a function that finds the one for a request. It is called for every request: it must not build one. */
export type ReceiverFor<Event extends WebhookEvent, Context> = Receiver<Event> | ((context: Context) => Receiver<Event>)

/** The receiver for a request. Where none is found, one that answers for that, alike in every framework. */
export function receiverFor<Event extends WebhookEvent, Context>(
  receiver: ReceiverFor<Event, Context>,
  context: Context,
): Receiver<Event> {
  if (typeof receiver !== 'function') return receiver
  try {
    return receiver(context)
  } catch (cause) {
    console.error(cause)
    return unfound(cause)
  }
}

function unfound<Event extends WebhookEvent>(cause: unknown): Receiver<Event> {
  const hint = 'The function that finds the receiver threw.'
  const error = isWebhookError(cause) ? cause : new WebhookError('internal_error', hint, { cause })
  return {
    verify: () => Promise.reject(error),
    receive: async () => ({ kind: 'misuse', error, reply: refuse(error) }),
    close: async () => true,
  }
}

/**
 * For runtimes that hand over their secrets with each request (Workers): builds a receiver once per environment and
 * gives the same one for every request in it.
 */
export function perEnvironment<Env extends object, Event extends WebhookEvent>(
  build: (env: Env) => Receiver<Event>,
): (context: { env: Env }) => Receiver<Event> {
  const built = new WeakMap<Env, Receiver<Event>>()
  return ({ env }) => {
    const known = built.get(env)
    if (known !== undefined) return known
    const receiver = build(env)
    built.set(env, receiver)
    return receiver
  }
}

/** Refuses at mount what would fail, or run unverified, at the first payment. */
export function assertMounted(adapter: string, receiver: unknown, ...handlers: unknown[]): void {
  const isReceiver = typeof receiver === 'object' && receiver !== null && 'receive' in receiver
  if ((isReceiver || typeof receiver === 'function') && handlers.every((handler) => typeof handler === 'function'))
    return
  throw new WebhookError(
    'configuration_invalid',
    `${adapter}: give what createReceiver returned first, then a function.`,
  )
}
