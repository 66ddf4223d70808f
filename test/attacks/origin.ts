import { createHash, createHmac } from 'node:crypto'
import { caspay, mugglepay, payqi, payvost } from '../../src'
import { hexHmac } from '../support/deliveries'
import { now, secret } from '../support/shop'
import { type Attack, misbuilding, seeded, type Try } from './attack'
import {
  caspaySigner,
  kasper,
  kasperSent,
  muggle,
  muggleSent,
  type Signer,
  sentWith,
  signed,
  signers,
  timedSigner,
} from './senders'
import { asControl, directly, onHosts, onSockets, taken } from './stage'

const missing = { status: 401, code: 'signature_missing' }
const malformed = { status: 401, code: 'signature_malformed' }
const mismatch = { status: 401, code: 'signature_mismatch' }
const refused = { status: 401 }

const genuineControls = (): Try[] => [
  ...onHosts('genuine', taken, () => signed(caspaySigner), {}, { control: true }),
  ...signers.map((signer) =>
    asControl(directly(`genuine, ${signer.name}`, taken, () => signed(signer), { provider: signer.provider })),
  ),
]

/** What stands in the signature's place, at every provider that signs. */
const atSigners = (name: string, expected: typeof refused, value: (signer: Signer) => string): Try[] =>
  signers.map((signer) =>
    directly(`${name}, ${signer.name}`, expected, () => sentWith(signer, value(signer)), { provider: signer.provider }),
  )

const unsignedTries = (): Try[] => [
  ...onHosts('unsigned', missing, () => sentWith(caspaySigner, undefined)),
  ...onHosts('unsigned, verify only', missing, () => sentWith(caspaySigner, undefined), { path: '/verify' }),
  ...['x-signature', 'x-hub-signature-256', 'authorization', 'x-payqi-signature'].flatMap((header) =>
    onHosts(`signed in ${header}`, missing, () => signed({ ...caspaySigner, header })),
  ),
  ...signers.map((signer) =>
    directly(signer.name, missing, () => sentWith(signer, undefined), { provider: signer.provider }),
  ),
  directly('mugglepay without token', { status: 401, code: 'token_missing' }, () => muggleSent({ token: undefined }), {
    provider: muggle(),
  }),
  directly(
    'kasperopay, a payment nobody made',
    { status: 401, code: 'payment_not_confirmed' },
    () => kasperSent({ payment_id: 'pay_2' }),
    { provider: kasper() },
  ),
  ...genuineControls(),
]

const noSecrets: readonly [string, string | undefined][] = [
  ['undefined', undefined],
  ['empty', ''],
  ['blank', ' '],
  ['whsec_', 'whsec_'],
  ['the text null', 'null'],
  ['the text undefined', 'undefined'],
  ['one byte', 'x'],
]
const builders: Readonly<Record<string, (secret: string | undefined) => unknown>> = {
  caspay: (value) => caspay({ secret: value }),
  payqi: (value) => payqi({ secret: value }),
  payvost: (value) => payvost({ secret: value }),
  'mugglepay token': (value) => mugglepay({ token: value }),
  'mugglepay orderTokenSecret': (value) => mugglepay({ orderTokenSecret: value }),
}

const secretTries = (): Try[] => [
  ...noSecrets.flatMap(([name, value]) =>
    Object.entries(builders).map(([provider, build]) => misbuilding(`${provider}: ${name}`, () => build(value))),
  ),
  ...noSecrets.flatMap(([name, value = '']) =>
    onHosts(`signed with ${name}`, mismatch, () => signed(caspaySigner, caspaySigner.body, value)),
  ),
]

const flip = (tag: string, bit: number): string => {
  const bytes = Buffer.from(tag, 'hex')
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return bytes.toString('hex')
}
const range = (count: number) => Array.from({ length: count }, (_, index) => index)

const comparedTries = (): Try[] => [
  ...range(256).flatMap((bit) =>
    atSigners(`bit ${bit}`, mismatch, (signer) => signer.value(flip(signer.tag(signer.body), bit))),
  ),
  ...range(31).flatMap((index) =>
    atSigners(`${index + 1} bytes of it`, malformed, (signer) =>
      signer.value(signer.tag(signer.body).slice(0, 2 * index + 2)),
    ),
  ),
  ...atSigners('of another body', mismatch, (signer) => signer.value(signer.tag(`${signer.body} `))),
  ...atSigners('with a byte more', malformed, (signer) => signer.value(`${signer.tag(signer.body)}00`)),
  ...onHosts('empty', missing, () => sentWith(caspaySigner, '')),
  ...onHosts('of another body', mismatch, () => sentWith(caspaySigner, hexHmac(secret, '{}'))),
  ...onHosts('one bit off', mismatch, () => sentWith(caspaySigner, flip(caspaySigner.tag(caspaySigner.body), 255))),
  ...onHosts('half of it', malformed, () => sentWith(caspaySigner, caspaySigner.tag(caspaySigner.body).slice(0, 32))),
]

const alphabets = ['0123456789abcdef', '0123456789abcdefABCDEF=,tv1 ', 'é\u0100\u0000\ud800\uffff💥"\\\r\n']

function fuzzedHeaders(count: number): string[] {
  const random = seeded(5)
  return range(count).map((index) => {
    const alphabet = alphabets[index % alphabets.length] ?? ''
    return range(random(200))
      .map(() => alphabet[random(alphabet.length)])
      .join('')
  })
}

const lengthTries = (): Try[] => [
  ...range(201).flatMap((length) => atSigners(`${length} characters`, refused, () => 'a'.repeat(length))),
  ...['é'.repeat(64), '\u0100'.repeat(64), `${'a'.repeat(63)}\0`, '\ud800'.repeat(64), '💥'.repeat(32)].flatMap(
    (value) => atSigners('64 that are no hex', malformed, (signer) => signer.value(value)),
  ),
  ...fuzzedHeaders(10_000).map((value, index) =>
    directly(`fuzzed ${index}`, refused, () => sentWith(caspaySigner, value)),
  ),
  ...['é'.repeat(64), '\u0080'.repeat(64), 'ÿ'.repeat(64)].flatMap((value) =>
    onSockets('64 bytes that are no ASCII', malformed, [rawRequest(value)]),
  ),
]

function rawRequest(signature: string): string {
  const { body } = caspaySigner
  return `POST /hook HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-caspay-signature: ${signature}\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}

const otherAlgorithms: readonly [string, (body: string) => string][] = [
  ...['sha1', 'sha512', 'md5', 'sha384'].map((name): [string, (body: string) => string] => [
    name,
    (body) => createHmac(name, secret).update(body).digest('hex'),
  ]),
  ['half of sha512', (body) => createHmac('sha512', secret).update(body).digest('hex').slice(0, 64)],
  ['sha256 without a key', (body) => createHash('sha256').update(body).digest('hex')],
  ['sha256 of key and body', (body) => createHash('sha256').update(secret).update(body).digest('hex')],
  ['key and body changed about', (body) => createHmac('sha256', body).update(secret).digest('hex')],
]
const slots = ['sha1=', 'sha256=', 'sha512=', 'md5=', 'v0=', 'v1=', 'v2=', 'none', 'none=', 'alg=none,', 'hmac-sha256 ']

const algorithmTries = (): Try[] => [
  ...otherAlgorithms.flatMap(([name, tag]) => atSigners(name, refused, (signer) => signer.value(tag(signer.body)))),
  ...['v0', 'v2', 'v10', 'V1'].flatMap((version) => {
    const tag = timedSigner.tag(timedSigner.body)
    const time = `t=${now / 1000}`
    const wrong = `v1=${timedSigner.tag('')}`
    const provider = { provider: timedSigner.provider }
    return [
      directly(`right, as ${version}=`, malformed, () => sentWith(timedSigner, `${time},${version}=${tag}`), provider),
      ...[`${time},${wrong},${version}=${tag}`, `${time},${version}=${tag},${wrong}`].map((value) =>
        directly(`right as ${version}=, wrong as v1=`, refused, () => sentWith(timedSigner, value), provider),
      ),
    ]
  }),
  ...slots.flatMap((slot) => atSigners(slot, refused, (signer) => `${slot}${signer.tag(signer.body)}`)),
  ...slots.flatMap((slot) =>
    onHosts(slot, malformed, () => sentWith(caspaySigner, `${slot}${caspaySigner.tag(caspaySigner.body)}`)),
  ),
]

export const origin: readonly Attack[] = [
  { row: '1', name: 'no signature, or one in another header', tries: unsignedTries },
  { row: '2', name: 'empty or missing secret, and bodies signed with it', tries: secretTries },
  { row: '3', name: 'signatures that are nearly right', tries: comparedTries },
  { row: '5', name: 'signatures of any length and any characters', tries: lengthTries },
  { row: '8', name: 'another algorithm, or its name', tries: algorithmTries },
]
