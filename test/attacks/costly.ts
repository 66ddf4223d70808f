import type { Attack, Expectation, Try } from './attack'
import { caspaySigner, kasper, kasperSent, muggle, muggleSent, signed, timedSigner, unsigned } from './senders'
import { asControl, directly, onHosts, taken } from './stage'
import { swiftly } from './tries'

const unreadable: Expectation = { status: 400, code: 'payload_malformed' }
const { body: compact } = caspaySigner
const withData = (data: string) => compact.replace('"data":{', `"data":{${data},`)
const signedHosts = (name: string, expected: Expectation, body: string) =>
  onHosts(name, expected, () => signed(caspaySigner, body))

const typedAs = (type: string) => compact.replace('payment.completed', type)

const nested = (depth: number, open = '[', close = ']') => withData(`"x":${open.repeat(depth)}1${close.repeat(depth)}`)

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
      { status: 401, code: 'payment_not_confirmed' },
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

export const costly: readonly Attack[] = [
  { row: '25', name: 'nesting, and very many keys', tries: deep },
  { row: '34', name: 'text that makes a pattern slow', tries: slowPatterns },
]
