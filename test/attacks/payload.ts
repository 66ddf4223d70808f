import { type Attack, checking, type Expectation, type Try } from './attack'
import { caspaySigner, kasper, kasperSent, muggle, muggleSent, signed, timedSigner, token, unsigned } from './senders'
import { asControl, directly, onHosts, taken } from './stage'

const unreadable: Expectation = { status: 400, code: 'payload_malformed' }
const { body: compact } = caspaySigner
const withData = (data: string) => compact.replace('"data":{', `"data":{${data},`)
const signedHosts = (name: string, expected: Expectation, body: string) =>
  onHosts(name, expected, () => signed(caspaySigner, body))

const doubled: readonly [string, string][] = [
  ['the type', compact.replace('{', '{"type":"payment.failed",')],
  ['the type, in other letters', compact.replace('{', '{"\\u0074ype":"payment.failed",')],
  ['the id', compact.replace('{', '{"id":"evt_2",')],
  ['the amount, deep inside', compact.replace('"amount":', '"amount":1,"amount":')],
  ['the same value', compact.replace('"currency":"CSPR"', '"currency":"CSPR","currency":"CSPR"')],
  ['an empty key', withData('"":1,"":2')],
  ['three times', withData('"a":1,"a":1,"a":1')],
  ['inside of a list', withData('"x":[{"a":1,"a":2}]')],
  ['the key of a number', withData('"1":1,"\\u0031":2')],
]

const doubledTries = (): Try[] => [
  ...doubled.flatMap(([name, body]) => signedHosts(name, unreadable, body)),
  directly('the token', { status: 401, code: 'token_missing' }, () => unsigned(`{"token":"${token}","token":"x"}`), {
    provider: muggle(),
  }),
  directly('the payment id', { status: 400 }, () => unsigned('{"payment_id":"pay_1","payment_id":"pay_2"}'), {
    provider: kasper(),
  }),
]

const poisoned = [
  '"__proto__":{"x":1}',
  '"__proto__":1',
  '"__proto__":null',
  '"__proto__":[]',
  '"\\u005f_proto__":{"x":1}',
  '"__proto\\u005f_":{}',
  '"constructor":{"prototype":{"x":1}}',
  '"constructor":{"a":1,"prototype":null}',
  '"\\u0063onstructor":{"prototype":{}}',
  '"constructor":{"\\u0070rototype":{"x":1}}',
  '"a":{"__proto__":{"x":1}}',
  '"a":[{"__proto__":{"x":1}}]',
  '"a":[[[{"__proto__":{}}]]]',
  '"a":{"constructor":{"prototype":{"x":1}}}',
  '"metadata":{"__proto__":{"orderId":"o_2"}}',
  '"metadata":{"constructor":{"prototype":{"orderId":"o_2"}}}',
]
/** Names that objects have anyway. */
const inherited = [
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  'then',
  'toJSON',
]
const typedAs = (type: string) => compact.replace('payment.completed', type)
const clean = () =>
  checking('no object has got a property', () =>
    Object.keys(Object.prototype).length === 0 && !('x' in {}) ? undefined : 'one has',
  )

const prototypes = (): Try[] => [
  ...poisoned.flatMap((member) => signedHosts(member, unreadable, withData(member))),
  ...poisoned.flatMap((member) => signedHosts(`${member} on top`, unreadable, compact.replace('{', `{${member},`))),
  directly('unproven', { status: 401 }, () => unsigned(`{"token":"${token}","__proto__":{"x":1}}`), {
    provider: muggle(),
  }),
  ...inherited.flatMap((name) => [
    asControl(directly(`type ${name}`, taken, () => signed(caspaySigner, typedAs(name)))),
    asControl(directly(`key ${name}`, taken, () => signed(caspaySigner, withData(`"${name}":1`)))),
  ]),
  asControl(directly('type __proto__', taken, () => signed(caspaySigner, typedAs('__proto__')))),
  clean(),
]

const nested = (depth: number, open = '[', close = ']') => withData(`"x":${open.repeat(depth)}1${close.repeat(depth)}`)

/** A try that must not take long. The bound is wide: it tells linear from not. */
const swiftly = (attempt: Try, ms = 1000): Try => ({
  ...attempt,
  async play() {
    const started = performance.now()
    const verdict = await attempt.play()
    const took = performance.now() - started
    return took < ms ? verdict : { ...verdict, wrong: `took ${Math.round(took)} ms` }
  },
})

const deep = (): Try[] => [
  ...[31, 32, 5000].flatMap((depth) => signedHosts(`${depth} lists`, unreadable, nested(depth))),
  ...signedHosts('5,000 objects', unreadable, nested(5000, '{"a":', '}')),
  ...[1_000_000, 1_048_576].map((count) =>
    swiftly(directly(`${count} brackets`, unreadable, () => signed(caspaySigner, '['.repeat(count)))),
  ),
  ...onHosts('a million brackets, unsigned', { status: 401 }, () => unsigned('['.repeat(1_000_000))),
  ...onHosts(
    'brackets up to the limit, unproven',
    { status: 401, code: 'token_missing' },
    () => unsigned('['.repeat(65_536)),
    { provider: muggle() },
  ),
  ...onHosts(
    'brackets over the limit, unproven',
    { status: 413, code: 'body_too_large' },
    () => unsigned('['.repeat(65_537)),
    { provider: muggle() },
  ),
  ...onHosts('28 lists', taken, () => signed(caspaySigner, nested(28)), {}, { control: true }),
  asControl(
    swiftly(
      directly('70,000 keys', taken, () => signed(caspaySigner, withData(`"x":{${keys(70_000)}}`))),
      2000,
    ),
  ),
  asControl(
    swiftly(
      directly('a list of 500,000', taken, () => signed(caspaySigner, withData(`"x":[1${',1'.repeat(499_999)}]`))),
      2000,
    ),
  ),
]
const keys = (count: number) => Array.from({ length: count }, (_, index) => `"k${index}":1`).join(',')

const pumps: readonly [string, string][] = [
  ['an ISO time', compact.replace(/"created":\d+/, `"created":"${'2026-01-01T00:00:00.'.padEnd(900_000, '0')}"`)],
  ['an id', compact.replace('evt_1', 'x'.repeat(900_000))],
  ['a type', typedAs('x'.repeat(900_000))],
  ['an amount', compact.replace('1000000000', '1'.repeat(900_000))],
  ['an amount with exponent', compact.replace('1000000000', `1e${'1'.repeat(900_000)}`)],
  ['an amount as text', compact.replace('1000000000', `"${'1'.repeat(900_000)}x"`)],
  ['a number that is none', withData(`"x":${'1e'.repeat(450_000)}`)],
  ['minus signs', withData(`"x":${'-'.repeat(900_000)}1`)],
  ['backslashes', withData(`"x":"${'\\\\'.repeat(400_000)}`)],
  ['escaped quotes', withData(`"x":"${'\\"'.repeat(400_000)}`)],
  ['quotes', '"'.repeat(900_000)],
  ['colons', ':'.repeat(900_000)],
]
const refused: Expectation = { status: [400, 401, 422] }

const slowPatterns = (): Try[] => [
  ...pumps.map(([name, body]) => swiftly(directly(name, refused, () => signed(caspaySigner, body)))),
  ...['0', ',', 't=1,', 'v1=', ' '].map((unit) =>
    swiftly(
      directly(
        `a signature header of ${unit}`,
        { status: 401 },
        () => ({ ...signed(timedSigner), headers: [['payvost-signature', unit.repeat(300_000)]] }),
        { provider: timedSigner.provider },
      ),
    ),
  ),
  swiftly(
    directly(
      'a payment id',
      { status: 400, code: 'id_invalid' },
      () => kasperSent({ payment_id: 'a'.repeat(60_000) }),
      { provider: kasper() },
    ),
  ),
  swiftly(
    directly('a token', { status: 401 }, () => muggleSent({ token: 'a'.repeat(60_000) }), { provider: muggle() }),
  ),
  swiftly(
    directly('an order id', { status: 401 }, () => muggleSent({ token: 'x', merchant_order_id: 'a'.repeat(60_000) }), {
      provider: muggle(),
    }),
  ),
]

export const payload: readonly Attack[] = [
  { row: '23', name: 'a key given twice', tries: doubledTries },
  { row: '24', name: 'keys that change prototypes', tries: prototypes },
  { row: '25', name: 'nesting, and very many keys', tries: deep },
  { row: '34', name: 'text that makes a pattern slow', tries: slowPatterns },
]
