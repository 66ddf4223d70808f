import { caspay, createReceiver, memoryStore, payvost } from '../../src'
import type { Sent } from '../adapters/hosts'
import { now, secret } from '../support/shop'
import type { Attack, Try, Verdict } from './attack'
import { caspaySigner, sentWith, signed, signers, timedSigner, wrongSecret } from './senders'
import { type Deployment, directly, onHosts, taken, watch } from './stage'

const malformed = { status: 401, code: 'signature_malformed' }
const mismatch = { status: 401, code: 'signature_mismatch' }

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

export const signatures: readonly Attack[] = [
  { row: '6', name: 'other spellings of the right signature', tries: spelled },
  { row: '7', name: 'several signatures in one delivery', tries: listed },
]
