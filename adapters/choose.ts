import { isWebhookError, type Receiver, refuse, WebhookError, type WebhookEvent } from '../src'

/** A receiver, or a function that finds the one for a request. It is called for every request: it must not build one. */
export type ReceiverFor<Event extends WebhookEvent, Context, Tx = undefined> =
  | Receiver<Event, Tx>
  | ((context: Context) => Receiver<Event, Tx>)

/** The receiver for a request. Where none is found, one that answers for that, alike in every framework. */
export function receiverFor<Event extends WebhookEvent, Context, Tx>(
  receiver: ReceiverFor<Event, Context, Tx>,
  context: Context,
): Receiver<Event, Tx> {
  if (typeof receiver !== 'function') return receiver
  try {
    const found: unknown = receiver(context)
    if (isReceiver(found)) return found as Receiver<Event, Tx>
    return unfound(
      new WebhookError('internal_error', 'The function that finds the receiver gave none. It must not be async.'),
    )
  } catch (cause) {
    return unfound(cause)
  }
}

function isReceiver(found: unknown): boolean {
  return typeof found === 'object' && found !== null && 'receive' in found
}

function unfound<Event extends WebhookEvent, Tx>(cause: unknown): Receiver<Event, Tx> {
  console.error(cause)
  const hint = 'The function that finds the receiver threw.'
  const error = isWebhookError(cause) ? cause : new WebhookError('internal_error', hint, { cause })
  const misused = async () => ({ kind: 'misuse', error, reply: refuse(error) }) as const
  return {
    verify: () => Promise.reject(error),
    decode: () => Promise.reject(error),
    receive: misused,
    replay: misused,
    async *deadLetters() {},
    discard: async () => false,
    close: async () => true,
  }
}

/**
 * For runtimes that hand over their secrets with each request (Workers): builds a receiver once per environment and
 * gives the same one for every request in it.
 */
export function perEnvironment<Env extends object, Event extends WebhookEvent, Tx = undefined>(
  build: (env: Env) => Receiver<Event, Tx>,
): (context: { env: Env }) => Receiver<Event, Tx> {
  const built = new WeakMap<Env, Receiver<Event, Tx>>()
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
  if (
    (isReceiver(receiver) || typeof receiver === 'function') &&
    handlers.every((handler) => typeof handler === 'function')
  )
    return
  throw new WebhookError(
    'configuration_invalid',
    `${adapter}: give what createReceiver returned first, then a function.`,
  )
}
