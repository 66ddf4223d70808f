import { createReceiver, expectPayment, memoryStore } from '../../src'
import { now } from '../support/shop'
import { type Attack, checking, type Expectation, type Try, throwing } from './attack'
import { caspaySigner, payqiSigner, signed, timedSigner } from './senders'
import { asControl, directly, onHosts, taken } from './stage'

const amount = (json: string) => payqiSigner.body.replace('"amount":"1.5"', `"amount":${json}`)
const payqis = { provider: payqiSigner.provider }
const invalid: Expectation = { status: 422, code: 'payload_invalid' }
const unreadable: Expectation = { status: 400, code: 'payload_malformed' }

async function paidBy(body: string) {
  const receiver = createReceiver({ ...payqis, store: memoryStore(), now: () => now, observe: () => {} })
  return receiver.verify({ headers: [...signed(payqiSigner, body).headers], body })
}

/** What a double would make something else of, and what it is. */
const exact: readonly [string, string][] = [
  ['1.0000000000000001', '1.0000000000000001'],
  ['9007199254740993', '9007199254740993'],
  ['0.1', '0.1'],
  ['123456789012345678901234.000000000000000001', '123456789012345678901234.000000000000000001'],
  ['1e-18', '0.000000000000000001'],
  ['-0', '0'],
  ['-0.0', '0'],
  ['1E5', '100000'],
  ['"0.10"', '0.1'],
]
const noAmounts = [
  '-1',
  '-1e-30',
  '1e400',
  '-1e400',
  '1e-400',
  '""',
  '" 1"',
  '"1,5"',
  '"0x10"',
  '"１"',
  '"NaN"',
  '"Infinity"',
  '"1e999"',
  '"+1"',
  'true',
  'null',
  '[1]',
  '{}',
]
const noJson = ['NaN', 'Infinity', '-Infinity', '01', '.5', '1.', '+1', '0x10', '1_000', '1e', '--1']

const numbers = (): Try[] => [
  ...exact.map(([json, value]) =>
    checking(json, async () => {
      const { payment } = await paidBy(amount(json))
      return payment?.amount?.value === value ? undefined : `it is ${payment?.amount?.value}`
    }),
  ),
  ...noAmounts.map((json) => directly(json, invalid, () => signed(payqiSigner, amount(json)), payqis)),
  ...noJson.map((json) => directly(json, unreadable, () => signed(payqiSigner, amount(json)), payqis)),
  ...['1e400', '-1'].flatMap((json) => onHosts(json, invalid, () => signed(payqiSigner, amount(json)), payqis)),
]

/** As they stand in JSON. */
const noIds = [
  ' ',
  'a b',
  'a\\nb',
  'a\\u0000b',
  'a\\u007fb',
  'e\\u0301',
  '\\u00e9',
  '\\ud800',
  '\\udc00\\ud800',
  '\\u202eb',
  '\\u200b',
  '\\ufeff',
  '\\uff41',
  'x'.repeat(257),
  '💥',
]
const noTypes = [
  'a\\nb',
  'a\\r\\nb',
  'a\\u0000b',
  '\\u001b[31m',
  'a\\u0085b',
  'a\\u2028b',
  'a\\u2029b',
  'a\\u202eb',
  'a\\u200bb',
  'a\\ud800b',
  'x'.repeat(257),
]
const badId: Expectation = { status: 400, code: 'id_invalid' }

const identities = (): Try[] => [
  ...noIds.flatMap((id) =>
    [payqiSigner, timedSigner].map((signer) =>
      directly(`id ${id.slice(0, 12)}, ${signer.name}`, badId, () => signed(signer, signer.body.replace('evt_1', id)), {
        provider: signer.provider,
      }),
    ),
  ),
  ...noTypes.map((type) =>
    directly(`type ${type.slice(0, 12)}`, badId, () =>
      signed(caspaySigner, caspaySigner.body.replace('payment.completed', type)),
    ),
  ),
  ...['a b', 'a\\u0000b', '\\ud800', 'x'.repeat(257)].flatMap((id) =>
    onHosts(`id ${id.slice(0, 12)}`, badId, () => signed(caspaySigner, caspaySigner.body.replace('evt_1', id))),
  ),
  ...onHosts(
    'an id of 256',
    taken,
    () => signed(caspaySigner, caspaySigner.body.replace('evt_1', 'x'.repeat(256))),
    {},
    { control: true },
  ),
  throwing('an order that is written in other letters', { status: 422, code: 'payment_unexpected' }, async () =>
    expectPayment(await paidBy(payqiSigner.body.replace('o_1', 'e\\u0301')), {
      orderId: '\u00e9',
      amount: '1.5',
      currency: 'XRP',
    }),
  ),
  asControl(
    directly('NUL in metadata', taken, () => signed(caspaySigner, caspaySigner.body.replace('o_1', 'a\\u0000b'))),
  ),
]

export const values: readonly Attack[] = [
  { row: '26', name: 'numbers that a double changes', tries: numbers },
  { row: '27', name: 'ids that look alike, or that stores fold, cut or refuse', tries: identities },
]
