import { readdirSync, readFileSync } from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { caspay, createReceiver, defineForm, defineProvider, memoryStore } from '../../src'
import type { Sent } from '../adapters/hosts'
import { now, secret, sleep } from '../support/shop'
import { type Attack, checking, type Expectation, type Try, type Verdict } from './attack'
import { caspaySigner, muggle, muggleSent, sentWith, signed, wrongSecret } from './senders'
import { asControl, type Deployment, directly, onHosts, taken } from './stage'

const mismatch = { status: 401, code: 'signature_mismatch' }

const nodeCrypto = createRequire(import.meta.url)('node:crypto') as {
  timingSafeEqual: (a: Uint8Array, b: Uint8Array) => boolean
}

/** The sizes that `timingSafeEqual` is called with while something runs. */
async function comparisonsDuring(act: () => Promise<unknown>): Promise<string> {
  const original = nodeCrypto.timingSafeEqual
  const seen: string[] = []
  nodeCrypto.timingSafeEqual = (a, b) => {
    seen.push(`${a.length}/${b.length}`)
    return original(a, b)
  }
  syncBuiltinESMExports()
  try {
    await act()
  } finally {
    nodeCrypto.timingSafeEqual = original
    syncBuiltinESMExports()
  }
  return seen.join(' ')
}

const changedAt = (place: number) => {
  const tag = [...caspaySigner.tag(caspaySigner.body)]
  tag[place] = tag[place] === '0' ? '1' : '0'
  return tag.join('')
}

/** A refusal that took exactly these comparisons. */
export function comparing(
  name: string,
  expected: Expectation,
  comparisons: string,
  sent: Sent,
  deployment: Deployment = {},
): Try {
  const attempt = directly(name, expected, () => sent, deployment)
  return {
    ...attempt,
    async play() {
      const verdicts: Verdict[] = []
      const seen = await comparisonsDuring(async () => verdicts.push(await attempt.play()))
      const [verdict = { status: 0, code: '', handlerRuns: 0, stored: 0 }] = verdicts
      return seen === comparisons ? verdict : { ...verdict, wrong: `compared ${seen || 'nothing'}, not ${comparisons}` }
    },
  }
}

const folders = ['../../src/', '../../adapters/']
function sources(): [string, string][] {
  return folders.flatMap((folder) => {
    const base = new URL(folder, import.meta.url)
    const names = readdirSync(base, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
    return names.map((name): [string, string] => [
      name,
      readFileSync(new URL(name, base), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''),
    ])
  })
}
const filesWith = (pattern: RegExp) =>
  sources()
    .filter(([, text]) => pattern.test(text))
    .map(([name]) => name)
    .sort()
    .join(' ')

const comparedOnce = (): Try[] => [
  ...[0, 1, 31, 32, 62, 63].map((place) =>
    comparing(`digit ${place} is wrong`, mismatch, '64/64', sentWith(caspaySigner, changedAt(place))),
  ),
  asControl(comparing('right', taken, '64/64', signed(caspaySigner))),
  ...[{ token: wrongSecret }, { token: `${wrongSecret} ` }, { token: 'x' }, { merchant_token: wrongSecret }].map(
    (token) =>
      comparing(
        `another token, ${JSON.stringify(token).length} characters`,
        { status: 401, code: 'token_mismatch' },
        'token' in token ? '32/32' : '32/32 32/32',
        muggleSent(token),
        { provider: muggle() },
      ),
  ),
  asControl(comparing('the right token', taken, '32/32', muggleSent(), { provider: muggle() })),
  checking('only core/hmac compares secrets', () => {
    const found = filesWith(/timingSafeEqual|subtle\.verify/)
    return found === 'core/hmac.ts core/hmac.web.ts' ? undefined : found
  }),
  checking('nothing compares the text of a signature, token or secret', () => {
    const equality = /(signature|token|secret|digest)s?(\.\w+)?\)* [!=]==? (?!undefined|null|'|true|\d)|\.equals\(/i
    return (
      filesWith(equality)
        .replace(/stores\/\S+/g, '')
        .trim() || undefined
    )
  }),
]

/** A scheme that takes its time to say no. */
const slowToRefuse = () =>
  defineProvider({
    name: 'slow',
    scheme: {
      headers: [],
      async prove(delivery, context) {
        await sleep(10)
        await caspay({ secret }).verify(delivery, { ...context, maxEventAgeSeconds: 86_400 })
        return { proof: { by: 'signature', coversBody: true }, facts: undefined }
      },
    },
    forms: { any: defineForm({ matches: () => true, open: () => ({ wireType: 'x', id: 'x', data: {} }), events: {} }) },
    timeProof: 'signed',
    acknowledgement: { contentType: 'text/plain', body: 'OK' },
    retryHorizonSeconds: 0,
  })

const awaited = (): Try[] => [
  ...onHosts('slow to refuse', mismatch, () => signed(caspaySigner, caspaySigner.body, wrongSecret), {
    provider: slowToRefuse(),
  }),
  ...onHosts('slow to refuse, verify only', mismatch, () => signed(caspaySigner, caspaySigner.body, wrongSecret), {
    provider: slowToRefuse(),
    path: '/verify',
  }),
  ...onHosts('of the other mode, verify only', { status: 401, code: 'mode_mismatch' }, () => signed(caspaySigner), {
    provider: caspay({ secret: { id: 'test', value: secret, mode: 'test' } }),
    mode: 'live',
    path: '/verify',
  }),
  ...onHosts(
    'for another merchant, verify only',
    { status: 401, code: 'account_mismatch' },
    () => signed(caspaySigner, caspaySigner.body.replace('{', '{"merchant_id":"theirs",')),
    { provider: caspay({ secret, merchantId: 'mine' }), path: '/verify' },
  ),
  ...onHosts('too old, verify only', { status: 401, code: 'timestamp_too_old' }, () => signed(caspaySigner), {
    now: () => now + 30 * 86_400_000,
    path: '/verify',
  }),
  ...onHosts(
    'slow to agree',
    { ...taken },
    () => signed(caspaySigner),
    { provider: slowToRefuse() },
    { control: true },
  ),
  checking('`verify` gives an event or throws, never true or false', async () => {
    const receiver = createReceiver({ provider: caspay({ secret }), store: memoryStore(), now: () => now })
    const given: unknown = await receiver.verify({
      headers: [...signed(caspaySigner).headers],
      body: caspaySigner.body,
    })
    return typeof given === 'object' ? undefined : `it gives ${typeof given}`
  }),
]

export const comparison: readonly Attack[] = [
  {
    row: '4',
    name: 'comparing in a time that tells (structure: one `timingSafeEqual` of two digests)',
    tries: comparedOnce,
  },
  { row: '38', name: 'the handler before the proof, or a proof nobody waits for', tries: awaited },
]
