import { answering } from '../support/deliveries'
import { now } from '../support/shop'
import type { Attack, Try } from './attack'
import { caspaySigner, kasper, kasperFacts, kasperSent, payqiSigner, type Signer, signed, timedSigner } from './senders'

import { asControl, directly, onHosts, taken } from './stage'

const seconds = now / 1000
const refused = { status: 401 }

const window = 300
const threeDays = 259_200
const at = (offset: number, nowMs = now) => ({ now: () => nowMs - offset * 1000 })
const year = 365 * 86_400

/** Each delivery is dated `now`; the receiver's clock is off by so many seconds. */
const limits: readonly { signer: Signer; ahead: number; behind: number }[] = [
  { signer: timedSigner, ahead: window, behind: window },
  { signer: payqiSigner, ahead: window, behind: window },
  { signer: caspaySigner, ahead: window, behind: threeDays },
]

const edges = (): Try[] => [
  ...limits.flatMap(({ signer, ahead, behind }) => {
    const sent = () => signed(signer)
    const { provider } = signer
    return [
      asControl(directly(`${ahead} s ahead, ${signer.name}`, taken, sent, { provider, ...at(ahead) })),
      directly(`${ahead + 1} s ahead, ${signer.name}`, { status: 401, code: 'timestamp_in_future' }, sent, {
        provider,
        ...at(ahead + 1),
      }),
      directly(`a year ahead, ${signer.name}`, { status: 401, code: 'timestamp_in_future' }, sent, {
        provider,
        ...at(year),
      }),
      asControl(directly(`${behind} s old, ${signer.name}`, taken, sent, { provider, ...at(-behind) })),
      directly(`${behind + 1} s old, ${signer.name}`, { status: 401, code: 'timestamp_too_old' }, sent, {
        provider,
        ...at(-behind - 1),
      }),
    ]
  }),
  ...onHosts(
    'a second too far ahead',
    { status: 401, code: 'timestamp_in_future' },
    () => signed(caspaySigner),
    at(window + 1),
  ),
  ...onHosts(
    'a second too old',
    { status: 401, code: 'timestamp_too_old' },
    () => signed(caspaySigner),
    at(-threeDays - 1),
  ),
  directly('confirmed a year ahead', { status: 401, code: 'timestamp_in_future' }, () => kasperSent(), {
    provider: kasper({
      fetch: answering({
        'https://kaspa-store.com/api/pay/status/pay_1': JSON.stringify({
          ...kasperFacts,
          confirmed_at: '2027-10-01T00:00:00Z',
        }),
      }),
    }),
  }),
]

const dispatched = `{"event":"payment.received","data":{"payment_id":"p","transaction_hash":"h","amount":1,"currency":"CSPR"},"timestamp":"${new Date(now).toISOString()}","merchant_id":"m"}`
const claiming = (name: string, value: string, body: string) => signed({ ...caspaySigner, more: [[name, value]] }, body)
const contradiction = { status: 401, code: 'header_mismatch' }
const month = 30 * 86_400

const unsignedHeaders = (): Try[] => [
  ...onHosts(
    'an old body under a fresh time',
    refused,
    () => claiming('x-caspay-timestamp', new Date(now + month * 1000).toISOString(), dispatched),
    at(-month),
  ),
  ...onHosts(
    'an old PayQI body under a fresh time',
    { status: 401, code: 'timestamp_too_old' },
    () => signed({ ...payqiSigner, more: [['x-payqi-timestamp', String(seconds + month)]] }),
    {
      provider: payqiSigner.provider,
      ...at(-month),
    },
  ),
  ...onHosts('another time in the header', contradiction, () =>
    claiming('x-caspay-timestamp', new Date(now + 1000).toISOString(), dispatched),
  ),
  ...onHosts('another event in the header', contradiction, () =>
    claiming('x-caspay-event', 'subscription.renewed', dispatched),
  ),
  ...onHosts('another event in the header of the documented form', contradiction, () =>
    claiming('x-caspay-event', 'payment.failed', caspaySigner.body),
  ),
  ...onHosts(
    'headers that agree',
    taken,
    () => claiming('x-caspay-event', 'payment.received', dispatched),
    {},
    { control: true },
  ),
]

export const windows: readonly Attack[] = [
  { row: '12', name: 'from the future, or too old, to the second', tries: edges },
  { row: '13', name: 'times and event names in headers nobody signed', tries: unsignedHeaders },
]
