import { misconfigured } from '../errors'
import { createReceiver, memoryStore, type Observer } from '../index'
import type { Provider } from '../providers/provider'
import { createToken, prefix } from './guard'
import { createDeliveryLog } from './log'
import { mask } from './mask'
import { listen, nodeListener } from './node'
import { parseTarget } from './post'
import { summarize } from './present'
import { createRelay } from './relay'
import { createPage } from './routes'
import { ownSecrets } from './secrets'
import type { Summary } from './shown'

export interface ListenSettings {
  readonly provider: Provider
  /** Of the port that receives; 0 is any that is free. */
  readonly port: number
  /** The interface that receives, default loopback. The page is on loopback in any case. */
  readonly host?: string
  readonly pagePort?: number
  readonly forward?: string
  readonly verifiedOnly?: boolean
  readonly maxDeliveries?: number
  readonly observe: Observer
  /** Told of each delivery once it is settled. */
  readonly onDelivery: (delivery: Summary) => void
  /** Made of the address that receives. */
  readonly sendCommand: (receivesAt: string) => string
  readonly startCommand: string
}

/** Starts the two servers of `payproof listen`. */
export async function startListening(settings: ListenSettings) {
  const { provider, observe, maxDeliveries, verifiedOnly = false } = settings
  const forward = settings.forward === undefined ? undefined : parseTarget('--forward', settings.forward)
  const receiver = createReceiver({ provider, store: memoryStore(), observe, diagnose: true })
  const log = createDeliveryLog(maxDeliveries === undefined ? {} : { maxDeliveries })
  const source = { name: provider.name, provider }
  const own = ownSecrets(provider)
  const forwardsTo = forward && mask(forward.href, own)
  const relay = createRelay({ receiver, log, source, verifiedOnly, ...(forward && { forward }) })
  log.subscribe((change) => {
    if (change.type === 'delivery' && change.kept.steps.at(-1)?.what.endsWith('answered'))
      settings.onDelivery(summarize(change.kept))
  })

  const receiving = await listen(
    (req, res) => void relay.listener(req, res).catch(() => res.destroy()),
    settings.port,
    settings.host,
  )
  const { host = '127.0.0.1' } = settings
  const receivesAt = `http://${host.includes(':') ? `[${host}]` : host}:${receiving.port}/`
  const token = createToken()
  const page = createPage({
    log,
    token,
    receivesAt: () => receivesAt,
    resend: async ({ headers, body }, again) => {
      await relay.accept({ method: 'POST', headers, body }, { path: '/', again })
      return undefined
    },
    state: () => ({
      title: 'listen',
      receivesAt,
      sendCommand: settings.sendCommand(receivesAt),
      startCommand: mask(settings.startCommand, own),
      mostDeliveries: log.maxDeliveries,
      ...(forwardsTo && { forwardsTo }),
    }),
  })
  const listener = nodeListener(page)
  // A port of its own: whoever tunnels the port that receives to the world must not tunnel the page with it.
  const serving = await listen((req, res) => void listener(req, res), settings.pagePort ?? 0).catch(async (error) => {
    await receiving.close()
    throw error
  })
  const close = async () => void (await Promise.all([receiving.close(), serving.close()]))
  if (forward !== undefined && isOwn(forward, host, [receiving.port, serving.port])) {
    await close()
    throw misconfigured('--forward', 'is where payproof listens itself: name the port of your app.')
  }
  return {
    receivesAt,
    ...(forwardsTo && { forwardsTo }),
    page: `http://127.0.0.1:${serving.port}${prefix}${token}/`,
    close,
  }
}

/** The names of this machine that stand for it without being asked for, and the one that it listens under. */
function isOwn({ hostname, port, protocol }: URL, host: string, ports: readonly number[]): boolean {
  const name = hostname.replace(/^\[|\]$|\.$/g, '')
  const isHere = isLoopback(name) || name === host.toLowerCase() || name === '::' || name === '0.0.0.0'
  return isHere && ports.includes(Number(port || (protocol === 'https:' ? 443 : 80)))
}

/** Whether a host name, without brackets, is this machine's own by its form. */
function isLoopback(name: string): boolean {
  return /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|::1|::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4})$/.test(name)
}
