import type { SecretInput } from '../core/secrets'
import { misconfigured } from '../errors'
import type { Receiver, WebhookEvent } from '../index'
import type { Provider } from '../providers/provider'
import { createToken, prefix } from './guard'
import { inspectReceiver } from './inspect'
import { createDeliveryLog, type LogLimits } from './log'
import { fetchHandler, listen, nodeListener } from './node'
import { adviceOnPost, parseTarget, postExactly } from './post'
import { createPage } from './routes'

/** Hand it over as `allow` to run the inspector although `NODE_ENV` is `production`. It shows payments and who made them. */
export const evenInProduction: unique symbol = Symbol.for('payproof.inspector.evenInProduction')

export interface InspectSettings {
  /** The receiver's provider: with it deliveries are diagnosed, their secrets hidden, and changed ones signed anew. */
  provider?: Provider
  /** Other secrets that you know: the diagnosis tells when one of them was meant. */
  otherSecrets?: SecretInput
  /** How the page calls it. Default: the provider's name. */
  name?: string
}

export interface InspectorSettings extends InspectSettings, LogLimits {
  /** Where your app receives these deliveries: what is sent again goes there. */
  to?: string | URL
  /** Other names under which the page may be asked for, as `shop.test:3000`. */
  hosts?: readonly string[]
  allow?: typeof evenInProduction
  now?: () => number
}

export interface Inspector<Event extends WebhookEvent, Tx> {
  /** The receiver to mount: the same one, whose deliveries are kept for the page. */
  readonly receiver: Receiver<Event, Tx>
  /** The same for another receiver, on the same page. */
  inspect<E extends WebhookEvent, T>(receiver: Receiver<E, T>, settings?: InspectSettings): Receiver<E, T>
  /** The page's path, with the token that opens it. */
  readonly path: string
  /** The page for `node:http`, Express or Connect, to be mounted at the root: what is not for it goes to `next`. */
  readonly listener: ReturnType<typeof nodeListener>
  /** The page as a fetch handler. */
  readonly fetch: (request: Request) => Promise<Response>
  /** Serves the page on a port of its own, of this machine alone; port 0 is any that is free. */
  listen(port?: number): Promise<{ readonly url: string; close(): Promise<void> }>
}

/**
 * Watches a receiver in your own process, and shows its deliveries on a page, while you develop. Throws a `WebhookError`
 * (`configuration_invalid`) where `NODE_ENV` is `production`.
 */
export function inspector<Event extends WebhookEvent, Tx>(
  receiver: Receiver<Event, Tx>,
  settings: InspectorSettings = {},
): Inspector<Event, Tx> {
  if (globalThis.process?.env['NODE_ENV'] === 'production' && settings.allow !== evenInProduction)
    throw misconfigured(
      'inspector',
      'is for development: NODE_ENV is production. `allow: evenInProduction` runs it all the same.',
    )
  const { to, now = Date.now, hosts = [] } = settings
  const log = createDeliveryLog(settings)
  const token = createToken()
  const target = to === undefined ? undefined : parseTarget('inspector: to', to)
  const page = createPage({
    log,
    token,
    hosts,
    now,
    receivesAt: () => target?.href,
    state: () => ({
      title: 'inspector',
      mostDeliveries: log.maxDeliveries,
      ...(target === undefined ? {} : { receivesAt: target.href }),
    }),
    // What becomes of it shows as the delivery that comes in.
    ...(target && { resend: async (parcel) => adviceOnPost(await postExactly(target, parcel)) }),
  })
  const inspect = <E extends WebhookEvent, T>(inspected: Receiver<E, T>, about: InspectSettings = {}) => {
    const { provider, otherSecrets, name = provider?.name ?? 'webhook' } = about
    const source = { name, ...(provider && { provider }), ...(otherSecrets === undefined ? {} : { otherSecrets }) }
    return inspectReceiver(inspected, { log, source, now })
  }
  const path = `${prefix}${token}/`
  const listener = nodeListener(page)
  return {
    receiver: inspect(receiver, settings),
    inspect,
    path,
    listener,
    fetch: fetchHandler(page),
    async listen(port = 0) {
      const { port: taken, close } = await listen((req, res) => void listener(req, res), port)
      return { url: `http://127.0.0.1:${taken}${path}`, close }
    },
  }
}
