import { caspay, mugglepay, type WebhookEvent } from '../../src'
import type { Host, Sent } from '../adapters/hosts'
import type { Answer } from '../support/server'
import { createShop, genuine, now, secret } from '../support/shop'
import { type Attack, checking, type Try } from './attack'
import {
  caspaySigner,
  kasper,
  kasperSent,
  muggle,
  muggleSent,
  payqiSigner,
  sentWith,
  signed,
  timedSigner,
  unsigned,
  wrongSecret,
} from './senders'
import { everyHost } from './stage'

const at = (offset: number) => ({ now: () => now + offset * 1000 })
type Reason = readonly [name: string, sent: () => Sent, options: object]
const reasons: readonly Reason[] = [
  ['signature_missing', () => sentWith(caspaySigner, undefined), {}],
  ['signature_malformed', () => sentWith(caspaySigner, 'test_signature'), {}],
  ['signature_mismatch', () => signed(caspaySigner, caspaySigner.body, wrongSecret), {}],
  ['signature_mismatch of no JSON', () => sentWith(caspaySigner, 'a'.repeat(64), '{'), {}],
  ['header_mismatch', () => signed({ ...caspaySigner, more: [['x-caspay-event', 'x']] }), {}],
  [
    'account_mismatch',
    () => signed(caspaySigner, caspaySigner.body.replace('{', '{"merchant_id":"theirs",')),
    { provider: caspay({ secret, merchantId: 'mine' }) },
  ],
  ['timestamp_missing', () => signed(caspaySigner, caspaySigner.body.replace(/"created":\d+,/, '')), {}],
  ['timestamp_malformed', () => signed(caspaySigner, caspaySigner.body.replace(/"created":\d+/, '"created":"x"')), {}],
  ['timestamp_too_old', () => signed(caspaySigner), at(30 * 86_400)],
  ['timestamp_in_future', () => signed(caspaySigner), at(-86_400)],
  ['of an event that was handled', () => signed(caspaySigner, caspaySigner.body, wrongSecret), { handled: true }],
  ...unproven(),
]

/** What every provider refuses for want of proof, whatever is wrong. */
function unproven(): Reason[] {
  const signs = [payqiSigner, timedSigner].flatMap((signer) => {
    const forgeries: readonly (readonly [string, Sent])[] = [
      ['unsigned', sentWith(signer, undefined)],
      ['signed with another secret', signed(signer, signer.body, wrongSecret)],
      ['no JSON', sentWith(signer, 'a'.repeat(64), '{')],
      ['a signature that is none', sentWith(signer, 'test_signature')],
    ]
    return forgeries.map(
      ([name, sent]): Reason => [`${name}, ${signer.name}`, () => sent, { provider: signer.provider }],
    )
  })
  const unread = ['{', '[]', '', '{"__proto__":{}}', '{"a":1,"a":1}', '{}']
  const tokens: readonly (string | object)[] = [
    ...unread,
    { token: 7 },
    { token: wrongSecret },
    { token: undefined },
    { merchant_order_id: null, token: wrongSecret },
  ]
  const claims: readonly (string | object)[] = [
    ...unread,
    { payment_id: 'a b' },
    { payment_id: 7 },
    { payment_id: 'pay_2' },
    { merchant_id: 'kpm_theirs' },
    { event: 'payment.refunded' },
    { event: 7 },
    { event: undefined },
  ]
  const looked = { provider: mugglepay({ tokenFor: () => undefined }) }
  return [
    ...signs,
    ...tokens.flatMap((body) => {
      const sent = () => (typeof body === 'string' ? unsigned(body) : muggleSent(body))
      const name = `mugglepay ${typeof body === 'string' ? body : Object.keys(body)}`
      return [[name, sent, { provider: muggle() }] as const, [`${name}, looked up`, sent, looked] as const]
    }),
    ...claims.map((body) => {
      const sent = () => (typeof body === 'string' ? unsigned(body) : kasperSent(body))
      return [`kasperopay ${JSON.stringify(body)}`, sent, { provider: kasper() }] as const
    }),
  ]
}

async function answerOf(
  host: Host,
  sent: () => Sent,
  { handled, ...options }: { handled?: boolean } & object,
): Promise<Answer> {
  const { receiver } = createShop<undefined>(options)
  const send = await host.inject({ receiver, handler: (_: WebhookEvent) => {} })
  if (handled) await send('/hook', genuine())
  return send('/hook', sent())
}

/** All but the time of the answer. */
const written = ({ status, headers, body }: Answer) => JSON.stringify([status, { ...headers, date: undefined }, body])

const alike = (): Try[] =>
  everyHost.flatMap((host) =>
    reasons.map(([name, sent, options]) =>
      checking(`${name}, ${host.name}`, async () => {
        const answer = await answerOf(host, sent, options)
        const first = await answerOf(host, () => sentWith(caspaySigner, undefined), {})
        if (answer.status !== 401) return `status ${answer.status}`
        return written(answer) === written(first) ? undefined : `${written(answer)}, not ${written(first)}`
      }),
    ),
  )

export const answers: readonly Attack[] = [{ row: '36', name: 'telling reasons apart by the answer', tries: alike }]
