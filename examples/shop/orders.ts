import type { Payment, PaymentOutcome, WebhookEvent } from 'payproof'
import type pg from 'pg'

/** What was asked for at checkout, and what is known of its payment. */
export interface Order {
  readonly orderId: string
  readonly provider: string
  /** The provider's id of the payment, which it answered this server at checkout. */
  readonly paymentId: string
  readonly amount: string
  readonly currency: string
  readonly outcome: PaymentOutcome | null
}

const columns = 'id AS "orderId", provider, payment_id AS "paymentId", amount, currency, outcome'

export async function insertOrder(pool: pg.Pool, order: Omit<Order, 'outcome'>): Promise<void> {
  const { orderId, provider, paymentId, amount, currency } = order
  await pool.query('INSERT INTO orders (id, provider, payment_id, amount, currency) VALUES ($1, $2, $3, $4, $5)', [
    orderId,
    provider,
    paymentId,
    amount,
    currency,
  ])
}

export async function readOrder(pool: pg.Pool, orderId: string): Promise<Order | undefined> {
  const { rows } = await pool.query<Order>(`SELECT ${columns} FROM orders WHERE id = $1`, [orderId])
  return rows[0]
}

/** The order that this payment was started for. Nobody else changes it until the transaction ends. */
export async function lockOrder(
  tx: pg.PoolClient,
  { provider }: WebhookEvent,
  { paymentId }: Payment,
): Promise<Order | undefined> {
  const select = `SELECT ${columns} FROM orders WHERE provider = $1 AND payment_id = $2 FOR UPDATE`
  const { rows } = await tx.query<Order>(select, [provider, paymentId])
  return rows[0]
}
