import { caspay, createReceiver, memoryStore } from '../../src'
import type { Sent } from '../adapters/hosts'
import { genuine, now, secret } from '../support/shop'
import { type Attack, checking, type Try } from './attack'
import { searchLeaks } from './leak-search'
import { caspaySigner, signed } from './senders'
import { consoleDuring } from './watching'

/** Where something may be seen. None of them may be empty: a search of nothing finds nothing. */
const places = [
  'an error',
  "an outcome's error",
  'a report',
  'a diagnosis',
  'an explanation',
  'an answer',
  'the receiver',
  'settings',
  'the console',
]

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

export const leaks: readonly Attack[] = [
  { row: '22', name: 'secrets in errors, reports, logs and answers', tries: searched },
  { row: '35', name: 'lines and escapes for the log', tries: injected },
]
