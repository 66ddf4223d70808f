import { expectPayment } from '../../src'
import { genuine } from '../support/shop'
import { type Attack, checking, type Expectation, type Try, throwing } from './attack'
import { caspaySigner, kasper, kasperSent, muggle, muggleSent, payqiSigner, signed } from './senders'
import { directly } from './stage'
import { verified } from './verified'

const liar = (body: string) => body.replace('{', '{"provider":"payvost","proof":{"by":"api"},"idempotencyKey":"x",')

const crossed = (): Try[] => [
  ...[
    { provider: caspaySigner.provider, sent: signed(caspaySigner, liar(caspaySigner.body)) },
    { provider: payqiSigner.provider, sent: signed(payqiSigner, liar(payqiSigner.body)) },
    { provider: muggle(), sent: muggleSent({ provider: 'caspay', proof: { by: 'api' } }) },
    { provider: kasper(), sent: kasperSent({ provider: 'caspay', binding: 'bound' }) },
  ].map(({ provider, sent }) =>
    checking(`the body calls itself another provider's, ${provider.name}`, async () => {
      const event = await verified(provider, sent)
      const isOwn = event.provider === provider.name && event.idempotencyKey !== 'x'
      const isProven =
        event.proof.by === { mugglepay: 'token', kasperopay: 'api' }[provider.name] || event.proof.by === 'signature'
      return isOwn && isProven ? undefined : `it is ${event.provider}, proven by ${event.proof.by}`
    }),
  ),
  ...['payqi', 'payvost', 'mugglepay'].map((other) =>
    directly(`with the user agent of ${other}`, { status: 401, code: 'signature_missing' }, () => ({
      ...genuine(),
      headers: [
        ['user-agent', other],
        [`x-${other}-signature`, caspaySigner.tag(caspaySigner.body)],
      ],
    })),
  ),
]

const order = { orderId: 'o_1', amount: '1.5', currency: 'XRP' }
const unexpected: Expectation = { status: 422, code: 'payment_unexpected' }
const paid = (change: (body: string) => string = (body) => body) =>
  verified(payqiSigner.provider, signed(payqiSigner, change(payqiSigner.body)))

const wrongOnes: readonly [string, object][] = [
  ['1 for 2,000', { amount: '2000' }],
  ['a digit less', { amount: '1.50000000000000000001' }],
  ['less than asked, more allowed', { amount: '1.6', orMore: true }],
  ['more than asked', { amount: '1.4' }],
  ['another currency', { currency: 'USD' }],
  ['another order', { orderId: 'o_2' }],
  ['an order that looks alike', { orderId: 'ｏ_1' }],
]

const misfits = (): Try[] => [
  ...wrongOnes.map(([name, change]) =>
    throwing(name, unexpected, async () => expectPayment(await paid(), { ...order, ...change })),
  ),
  ...['payment.created', 'payment.pending', 'payment.failed', 'payment.expired'].map((type) =>
    throwing(type, unexpected, async () =>
      expectPayment(await paid((body) => body.replace('payment.completed', type)), order),
    ),
  ),
  throwing('no order', { status: 503, code: 'order_unknown' }, async () => expectPayment(await paid(), undefined)),
  throwing('an order that expects nothing', { status: 500, code: 'configuration_invalid' }, async () =>
    expectPayment(await paid(), {} as typeof order),
  ),
  throwing('an order that expects NaN', { status: 500, code: 'configuration_invalid' }, async () =>
    expectPayment(await paid(), { ...order, amount: Number.NaN as unknown as string }),
  ),
  throwing('an amount the sender made up', unexpected, async () =>
    expectPayment(await verified(kasper(), kasperSent({ amount_kas: '1000', order_id: 'o_2' })), {
      ...order,
      orderId: 'o_2',
    }),
  ),
  {
    ...throwing('the right one', { status: 200, code: 'passed' }, async () => expectPayment(await paid(), order)),
    control: true,
  },
]

export const fulfilment: readonly Attack[] = [
  { row: '15', name: 'a delivery that names another provider', tries: crossed },
  { row: '16', name: 'a genuine payment, but the wrong one', tries: misfits },
]
