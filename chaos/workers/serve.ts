import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { nodeWebhook } from '../../adapters/node'
import { createReceiver, type Receiver, type WebhookEvent } from '../../src'
import { type Backend, openBackend } from '../backends/backend'
import { providers } from '../deliveries'
import { withFault } from '../faults'
import type { ServeJob } from '../jobs'
import type { Role } from '../worker'
import { act } from './act'

/** A shop: a web server, a receiver, a handler that leaves one row. */
export async function serve(job: ServeJob): Promise<Role> {
  const { where, provider, leaseSeconds, storeTimeoutMs, fault } = job
  const backend = await openBackend(where)
  const receiver = createReceiver({
    provider: providers[provider](),
    store: withFault(backend.store, fault),
    leaseSeconds,
    ...(storeTimeoutMs === undefined ? {} : { storeTimeoutMs }),
    observe: () => {},
  })
  let running = 0
  const onEvent = nodeWebhook(receiver, async (event, { signal, attempt, tx }) => {
    const id = event.payment?.paymentId ?? ''
    running++
    await act(backend, job, { id, attempt, tx, signal }).finally(() => running--)
  })
  const server = await listen((req, res) => void onEvent(req, res))
  process.once('SIGTERM', () => (fault === 'exitsAtOnce' ? process.exit(0) : void end(job, server, receiver, backend)))
  return { port: (server.address() as AddressInfo).port, answer: async () => running }
}

/** Lets every handler come to its end, and then has nothing left to do: the process ends by itself, with 0. */
async function end(
  { drainSeconds = 10 }: ServeJob,
  server: Server,
  receiver: Receiver<WebhookEvent, unknown>,
  backend: Backend,
): Promise<void> {
  let closed = false
  server.close(() => {
    closed = true
  })
  await receiver.close({ drainSeconds })
  while (!closed) {
    server.closeIdleConnections()
    await sleep(20)
  }
  await backend.close()
  process.removeAllListeners('disconnect').disconnect()
}

export async function listen(onRequest: RequestListener): Promise<Server> {
  const server = createServer(onRequest).listen(0, '127.0.0.1', 4096)
  await once(server, 'listening')
  return server
}
