import { mugglepay } from '../../src'
import { answering } from '../support/deliveries'
import { now } from '../support/shop'
import { type Attack, checking, type Expectation, type Try } from './attack'
import { apiKey, confirmedMuggle, kasper, kasperFacts, kasperSent, muggle, muggleSent } from './senders'
import { asControl, directly, onHosts, taken } from './stage'

const mismatch: Expectation = { status: 401, code: 'payment_mismatch' }
const badId: Expectation = { status: 400, code: 'id_invalid' }

const expecting = (expected: unknown) => ({ provider: kasper({ expect: (() => expected) as never }) })
const order = { orderId: 'o_1', amount: '150.5' }

const address = `kaspa:${'q'.repeat(61)}`
const onChain = (transaction: object) => ({
  provider: kasper({
    onChain: { address },
    fetch: answering({
      'https://kaspa-store.com/api/pay/status/pay_1': JSON.stringify({ ...kasperFacts, txid: 'tx1' }),
      'https://api.kaspa.org/transactions/tx1': JSON.stringify(transaction),
    }),
  }),
})
const paying = (amount: number, to = address) => ({
  is_accepted: true,
  outputs: [{ amount, script_public_key_address: to }],
})
const offChain: readonly [string, Expectation, object][] = [
  [
    'not accepted on chain',
    { status: 401, code: 'payment_not_confirmed' },
    { ...paying(15_050_000_000), is_accepted: false },
  ],
  ['a sompi short on chain', mismatch, paying(15_049_999_999)],
  ['paid to another address', mismatch, paying(15_050_000_000, `kaspa:${'p'.repeat(61)}`)],
  ['an answer of the chain that says nothing', { status: 503, code: 'confirmation_unavailable' }, {}],
]

const borrowed = (): Try[] => [
  ...offChain.flatMap(([name, expected, transaction]) =>
    onHosts(name, expected, () => kasperSent(), onChain(transaction)),
  ),
  asControl(directly('paid on chain', taken, () => kasperSent(), onChain(paying(15_050_000_000)))),
  directly(
    'an amount of KAS for an order in USD',
    mismatch,
    () => kasperSent(),
    expecting({ ...order, currency: 'USD' }),
  ),
  ...onHosts('a payment that no order waits for', mismatch, () => kasperSent(), expecting(undefined)),
  ...onHosts(
    'a cheap payment for a dear order',
    mismatch,
    () => kasperSent({ amount_kas: '2000' }),
    expecting({ ...order, amount: '2000' }),
  ),
  ...['151', '150.4', '150.50000001', 'x', '-150.5'].map((amount) =>
    directly(`expected ${amount}`, mismatch, () => kasperSent(), expecting({ ...order, amount })),
  ),
  directly('the payment of another order', mismatch, () => kasperSent(), expecting({ ...order, paymentId: 'pay_2' })),
  directly('of another store', { status: 401, code: 'account_mismatch' }, () => kasperSent(), {
    provider: kasper({ storeName: 'Another Shop' }),
  }),
  directly(
    'another event',
    { status: 401, code: 'payment_not_confirmed' },
    () => kasperSent({ event: 'payment.refunded' }),
    { provider: kasper() },
  ),
  ...['order_id', 'items', 'metadata', 'amount_kas', 'amount_usd', 'transaction_id'].map((field) =>
    checking(`a made-up ${field} is a claim and no more`, async () => {
      const { headers, body } = kasperSent({ [field]: 'made-up' })
      const delivery = { headers: [...headers], body: Buffer.from(String(body)) }
      const event = await kasper().verify(delivery, { nowMs: now, toleranceSeconds: 300, maxEventAgeSeconds: 259_200 })
      const { claims: _, ...rest } = event
      if (event.payment?.orderId !== undefined) return 'it names an order'
      return JSON.stringify(rest).includes('made-up') || event.binding !== 'unbound'
        ? 'it is taken for a fact'
        : undefined
    }),
  ),
  asControl(directly('the order that waits for it', taken, () => kasperSent(), expecting(order))),
]

const tokens = { status: 401, code: 'token_mismatch' }
const perOrder = mugglepay({ orderTokenSecret: 'order-token-secret-0123456789' })
const unknownOrder = mugglepay({ tokenFor: () => undefined })

const bodyTokens = (): Try[] => [
  ...onHosts('an order nobody knows', tokens, () => muggleSent(), { provider: unknownOrder }),
  ...onHosts("another order's token", tokens, () => muggleSent({ merchant_order_id: 'o_2' }), { provider: perOrder }),
  ...['', 'x', `${apiKey}`, 'merchant-token-012345678', 'merchant-token-01234567890', 'MERCHANT-TOKEN-0123456789'].map(
    (token) => directly(`token ${token}`, { status: 401 }, () => muggleSent({ token }), { provider: muggle() }),
  ),
  ...[null, 7, true, [], {}, ['merchant-token-0123456789']].map((token) =>
    directly(`token ${JSON.stringify(token)}`, { status: 401, code: 'token_missing' }, () => muggleSent({ token }), {
      provider: muggle(),
    }),
  ),
  directly(
    'right in one field, wrong in the other',
    tokens,
    () => muggleSent({ merchant_token: 'wrong-token-0123456789' }),
    { provider: muggle() },
  ),
  ...onHosts('a right token under another amount, confirmed', mismatch, () => muggleSent({ price_amount: '2999' }), {
    provider: confirmedMuggle(),
  }),
  directly(
    'a currency that the API does not name',
    { status: 503, code: 'confirmation_unavailable' },
    () => muggleSent({ price_currency: 'VND' }),
    { provider: confirmedMuggle({ price_currency: null }) },
  ),
  ...[{ status: 'REFUNDED' }, { merchant_order_id: 'o_2' }, { price_currency: 'EUR' }].map((change) =>
    directly(`a right token under ${JSON.stringify(change)}, confirmed`, mismatch, () => muggleSent(change), {
      provider: confirmedMuggle(),
    }),
  ),
  ...['../ord-1', 'ord-1#', 'ord-1?x', ''].map((order_id) =>
    directly(`order ${order_id}, confirmed`, badId, () => muggleSent({ order_id }), { provider: confirmedMuggle() }),
  ),
  asControl(directly('confirmed', taken, () => muggleSent(), { provider: confirmedMuggle() })),
]

export const confirmation: readonly Attack[] = [
  { row: '17', name: 'a real payment, borrowed', tries: borrowed },
  { row: '21', name: 'tokens that travel in the body', tries: bodyTokens },
]
