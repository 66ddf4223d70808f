import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Delivery, standInApi } from 'payproof/testing'
import { paidDelivery, type Started } from './deliveries'
import type { ProviderSecrets } from './processes'

/** Stand for the five providers: they start payments, confirm them when asked, and send webhooks. */
export interface Providers {
  readonly url: string
  readonly paymentsUrl: string
  readonly mugglepayApiUrl: string
  readonly kasperopayApiUrl: string
  startedFor(orderId: string): Started | undefined
  /** What is sent when the payment is made; `changes`: as if it were another. From now on the API confirms it. */
  pay(payment: Started, changes?: Partial<Started>): Delivery
  close(): void
}

export async function startProviders(
  secrets: ProviderSecrets,
  /** Where their webhooks go. */
  shopUrl: string,
): Promise<Providers> {
  const apis = {
    mugglepay: standInApi('mugglepay', { apiKey: secrets.MUGGLEPAY_API_KEY }),
    kasperopay: standInApi('kasperopay'),
  }
  const started = new Map<string, Started>()
  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => response.writeHead(500).end(`${error.message}\n`))
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const path = request.url ?? '/'
    if (request.method === 'POST' && path === '/payments') {
      const payment = { paymentId: `p${randomUUID().replaceAll('-', '')}`, ...(await readJson(request)) } as Started
      started.set(payment.orderId, payment)
      return response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(payment))
    }
    if (request.method === 'POST' && path.startsWith('/pay/'))
      return response.end(await payAndSend(path.slice('/pay/'.length)))
    return (path.startsWith('/v1/') ? apis.mugglepay : apis.kasperopay).listener(request, response)
  }

  /** For `curl`: the order is paid, and its provider sends what it sends then. */
  async function payAndSend(orderId: string): Promise<string> {
    const payment = started.get(orderId)
    if (payment === undefined) throw new Error('No provider knows a payment for that order.')
    const { headers, body } = pay(payment)
    const sent = { method: 'POST', headers: { ...headers }, body }
    const answer = await fetch(`${shopUrl}/webhooks/${payment.provider}`, sent)
    return `${payment.provider}'s webhook was answered ${answer.status}: ${await answer.text()}\n`
  }

  function pay(payment: Started, changes: Partial<Started> = {}): Delivery {
    const delivery = paidDelivery({ ...payment, ...changes }, secrets)
    if (payment.provider === 'mugglepay' || payment.provider === 'kasperopay') apis[payment.provider].confirm(delivery)
    return delivery
  }

  const url = await listen(server)
  return {
    url,
    paymentsUrl: `${url}/payments`,
    mugglepayApiUrl: apis.mugglepay.urlAt(url),
    kasperopayApiUrl: apis.kasperopay.urlAt(url),
    startedFor: (orderId) => started.get(orderId),
    pay,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function readJson(request: IncomingMessage): Promise<object> {
  let body = ''
  for await (const part of request.setEncoding('utf8')) body += part
  return JSON.parse(body) as object
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
