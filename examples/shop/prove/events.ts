import { randomUUID } from 'node:crypto'
import { merchantToken } from 'payproof'
import type { Delivery } from 'payproof/testing'
import pg from 'pg'
import { pendingDelivery, type Started } from '../run/deliveries'
import type { Shop } from '../run/shop'

/** Something that a provider has to say. */
export interface ShopEvent {
  readonly provider: string
  readonly orderId: string
  readonly paid: boolean
  /** How often it is sent at the same time. */
  readonly copies: number
  /** Asked for when it is sent: its time is then. */
  readonly delivery: () => Delivery
}

const kinds = [
  ['caspay', '150.5', 'CSPR'],
  ['payqi', '25.5', 'XRP'],
  ['payvost', '19.99', 'USD'],
  ['mugglepay', '29.99', 'USD'],
  ['kasperopay', '150.5', 'KAS'],
] as const

/**
 * So many events of orders that the shop knows: the five providers in turn. Some payments are also announced as pending, after they
 * were made; some are sent twice at once, but never by CasPay.
 */
export async function makeEvents(shop: Shop, count: number): Promise<ShopEvent[]> {
  const events: ShopEvent[] = []
  const payments: Started[] = []
  for (let number = 0; events.length < count; number++) {
    const payment = makePayment(shop, number)
    const { provider, orderId } = payment
    payments.push(payment)
    const copies = provider !== 'caspay' && number % 7 === 0 ? 2 : 1
    events.push({ provider, orderId, paid: true, copies, delivery: () => shop.providers.pay(payment) })
    const pending = number % 3 === 0 ? pendingDelivery(payment, shop.secrets) : undefined
    if (pending !== undefined && events.length < count)
      events.push({ provider, orderId, paid: false, copies: 1, delivery: () => pending })
  }
  await insertAll(shop.databaseUrl, payments)
  return events
}

function makePayment({ secrets }: Shop, number: number): Started {
  const [provider, amount, currency] = kinds[number % kinds.length] ?? kinds[0]
  const orderId = `o_${randomUUID()}`
  const token = merchantToken(secrets.MUGGLEPAY_ORDER_TOKEN_SECRET, orderId)
  return { provider, paymentId: `p${randomUUID().replaceAll('-', '')}`, orderId, amount, currency, token }
}

/** What so many checkouts would leave: they are not what is measured. */
async function insertAll(connectionString: string, payments: readonly Started[]): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  const rows = JSON.stringify(payments)
  const insert = `INSERT INTO orders (id, provider, payment_id, amount, currency)
    SELECT "orderId", provider, "paymentId", amount, currency
    FROM json_to_recordset($1) AS given("orderId" text, provider text, "paymentId" text, amount text, currency text)`
  await client.query(insert, [rows]).finally(() => client.end())
}
