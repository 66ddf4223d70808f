import { caspay, createReceiver, memoryStore, type WebhookEvent } from '../../src'
import type { Host, Sent } from '../adapters/hosts'
import type { Answer } from '../support/server'
import { createShop, genuine, now, secret } from '../support/shop'
import { type Attack, checking, type Try } from './attack'
import { searchLeaks } from './leak-search'
import { caspaySigner, sentWith, signed, wrongSecret } from './senders'
import { everyHost } from './stage'
import { consoleDuring } from './watching'

/** Where something may be seen. None of them may be empty: a search of nothing finds nothing. */
const places = ['an error', "an outcome's error", 'a report', 'an answer', 'the receiver', 'settings', 'the console']

const searched = (): Try[] => {
  let found: ReturnType<typeof searchLeaks> | undefined
  const search = () => {
    found ??= searchLeaks()
    return found
  }
  return places.map((place) =>
    checking(place, async () => {
      const { texts, hits } = await search()
      if (!texts.some(({ what }) => what.includes(place))) return `nothing was looked at`
      return hits.find((hit) => hit.includes(place))
    }),
  )
}

const naughty = [
  'a\\r\\nb',
  'a\\nERROR forged line',
  '\\u001b[31mred',
  '\\u001b]0;title\\u0007',
  'a\\u2028b',
  'a\\u2029b',
  'fdp.\\u202egnp',
  'a\\u2066b',
  'a\\u0085b',
  'a\\u0000b',
  '\\u0008\\u0008',
  '\\u009b31m',
  'a\\tb',
  '$\u007bjndi:ldap://evil}',
  '%s%d%n',
  '%o %j %c',
  '{{7*7}}',
  '<script>alert(1)</script>',
  "' OR 1=1 --",
  '\\\\',
  '\\"',
  '\\ud83d\\udca9',
]
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

/** The default observer's lines about a delivery with such a text in it. */
async function linesAbout(change: (body: string) => string, headers: Sent['headers'] = []): Promise<string[]> {
  const calls = await consoleDuring(async () => {
    const receiver = createReceiver({ provider: caspay({ secret }), store: memoryStore(), now: () => now })
    const { body } = genuine('evt_1', change)
    const sent = signed(caspaySigner, body)
    await receiver.receive({ headers: [...headers, ...sent.headers], body }, () => Promise.reject('no stock'))
    await receiver.receive({ headers: [...headers], body, method: 'GET' }, () => {})
  })
  return calls.map(([line]) => String(line))
}

const injected = (): Try[] =>
  naughty.flatMap((text) =>
    [
      ['type', (body: string) => body.replace('payment.completed', text)] as const,
      ['id', (body: string) => body.replace('evt_1', text)] as const,
      ['data', (body: string) => body.replace('"p"', `"${text}"`).replace('"completed"', '7')] as const,
    ].map(([place, change]) =>
      checking(`${text} as ${place}`, async () => {
        const lines = await linesAbout(change)
        if (lines.length === 0) return 'nothing was logged'
        const bad = lines.find((line) => unsafe.test(line) || !line.startsWith('payproof: '))
        return bad === undefined ? undefined : `logged ${JSON.stringify(bad)}`
      }),
    ),
  )

const at = (offset: number) => ({ now: () => now + offset * 1000 })
const reasons: readonly [string, () => Sent, object][] = [
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
]

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

export const leaks: readonly Attack[] = [
  { row: '22', name: 'secrets in errors, reports, logs and answers', tries: searched },
  { row: '35', name: 'lines and escapes for the log', tries: injected },
  { row: '36', name: 'telling reasons apart by the answer', tries: alike },
]
