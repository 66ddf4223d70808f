import { readdirSync, readFileSync } from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { caspay, createReceiver, defineForm, defineProvider, memoryStore, payvost } from '../../src'
import type { Sent } from '../adapters/hosts'
import { now, secret, sleep } from '../support/shop'
import { type Attack, checking, type Expectation, type Try, type Verdict } from './attack'
import { caspaySigner, sentWith, signed, signers, timedSigner, wrongSecret } from './senders'
import { asControl, type Deployment, directly, onHosts, taken, watch } from './stage'

const malformed = { status: 401, code: 'signature_malformed' }
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
    comparing(`digit ${place} is wrong`, mismatch, '32/32', sentWith(caspaySigner, changedAt(place))),
  ),
  asControl(comparing('right', taken, '32/32', signed(caspaySigner))),
  checking('only core/hmac compares secrets', () => {
    const found = filesWith(/timingSafeEqual|subtle\.verify/)
    return found === 'core/hmac.ts core/hmac.web.ts' ? undefined : found
  }),
  checking('nothing compares the text of a signature, token or secret', () => {
    const equality = /(signature|token|secret|digest)s?(\.\w+)? [!=]==? (?!undefined|null|'|true|\d)/i
    return (
      filesWith(equality)
        .replace(/stores\/\S+/g, '')
        .trim() || undefined
    )
  }),
]

const otherSpellings: readonly [string, (tag: string) => string][] = [
  ['upper case', (tag) => tag.toUpperCase()],
  ['one upper case digit', (tag) => tag.replace(/[a-f]/, (digit) => digit.toUpperCase())],
  ['with zz', (tag) => `${tag}zz`],
  ['with a NUL', (tag) => `${tag}\0`],
  ['with 0x', (tag) => `0x${tag}`],
  ['with a space', (tag) => `${tag.slice(0, 32)} ${tag.slice(32)}`],
  ['with a space before', (tag) => ` ${tag}`],
  ['with a line break', (tag) => `${tag}\n`],
  ['with colons', (tag) => tag.replace(/..(?=.)/g, '$&:')],
  ['in quotes', (tag) => `"${tag}"`],
  ['full-width digits', (tag) => tag.replace(/\d/g, (digit) => String.fromCharCode(0xfee0 + digit.charCodeAt(0)))],
  ['base64', (tag) => Buffer.from(tag, 'hex').toString('base64')],
  ['base64url', (tag) => Buffer.from(tag, 'hex').toString('base64url')],
  ['base64 of the hex', (tag) => Buffer.from(tag).toString('base64')],
  ['hex of the hex', (tag) => Buffer.from(tag).toString('hex')],
]
const visible = otherSpellings.filter(([name]) => !/NUL|break|before|full/.test(name))

const spelled = (): Try[] => [
  ...otherSpellings.flatMap(([name, spell]) =>
    signers.map((signer) =>
      directly(
        `${name}, ${signer.name}`,
        malformed,
        () => sentWith(signer, signer.value(spell(signer.tag(signer.body)))),
        { provider: signer.provider },
      ),
    ),
  ),
  ...visible.flatMap(([name, spell]) =>
    onHosts(name, malformed, () => sentWith(caspaySigner, spell(caspaySigner.tag(caspaySigner.body)))),
  ),
]

const right = caspaySigner.tag(caspaySigner.body)
const wrong = caspaySigner.tag(caspaySigner.body, wrongSecret)
const twice = (first: string, second: string): Sent => {
  const { headers, ...rest } = sentWith(caspaySigner, first)
  return { ...rest, headers: [...headers, [caspaySigner.header, second]] }
}
const v1s = (tags: readonly string[]) =>
  sentWith(timedSigner, `t=${now / 1000},${tags.map((tag) => `v1=${tag}`).join(',')}`)
const timedRight = timedSigner.tag(timedSigner.body)
const many = (count: number, tag: string): string[] => Array.from({ length: count }, () => tag)
const payvosts: Deployment = { provider: payvost({ secret }) }

const listed = (): Try[] => [
  ...onHosts('right, then wrong', malformed, () => twice(right, wrong)),
  ...onHosts('wrong, then right', malformed, () => twice(wrong, right)),
  ...onHosts('right twice', malformed, () => twice(right, right)),
  ...onHosts('1,000 v1=', malformed, () => v1s(many(1000, wrong)), payvosts),
  ...onHosts('9 v1=, the last one right', malformed, () => v1s([...many(8, wrong), timedRight]), payvosts),
  ...onHosts('8 v1=, the last one right', taken, () => v1s([...many(7, wrong), timedRight]), payvosts, {
    control: true,
  }),
  ...onHosts('8 v1=, none right', mismatch, () => v1s(many(8, wrong)), payvosts),
  ...onHosts(
    'under both names, with two values',
    malformed,
    () => {
      const { headers, ...rest } = signed(timedSigner)
      return { ...rest, headers: [...headers, ['x-payvost-signature', timedSigner.value(wrong)]] }
    },
    payvosts,
  ),
  { name: 'an array', expected: malformed, play: () => receiveList([right, wrong]) },
  { name: 'an array of the right one twice', expected: malformed, play: () => receiveList([right, right]) },
]

async function receiveList(values: readonly string[]): Promise<Verdict> {
  const { watched, seen } = watch(memoryStore())
  const receiver = createReceiver({ provider: caspay({ secret }), store: watched, now: () => now, observe: () => {} })
  let handlerRuns = 0
  const { reply, ...outcome } = await receiver.receive(
    { headers: { [caspaySigner.header]: values }, body: caspaySigner.body },
    () => void handlerRuns++,
  )
  const code = 'error' in outcome ? outcome.error.code : outcome.kind
  return { status: reply.status, code, handlerRuns, stored: seen.granted, storeCalls: seen.calls }
}

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
  ...onHosts('slow to refuse', mismatch, () => sentWith(caspaySigner, wrong), { provider: slowToRefuse() }),
  ...onHosts('slow to refuse, verify only', mismatch, () => sentWith(caspaySigner, wrong), {
    provider: slowToRefuse(),
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

export const signatures: readonly Attack[] = [
  {
    row: '4',
    name: 'comparing in a time that tells (structure: one `timingSafeEqual` of two digests)',
    tries: comparedOnce,
  },
  { row: '6', name: 'other spellings of the right signature', tries: spelled },
  { row: '7', name: 'several signatures in one delivery', tries: listed },
  { row: '38', name: 'the handler before the proof, or a proof nobody waits for', tries: awaited },
]
