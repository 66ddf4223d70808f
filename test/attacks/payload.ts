import { type Attack, checking, type Expectation, type Try } from './attack'
import { caspaySigner, kasper, muggle, signed, token, unsigned } from './senders'
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
  directly(
    'the payment id',
    { status: 401, code: 'payment_not_confirmed' },
    () => unsigned('{"payment_id":"pay_1","payment_id":"pay_2"}'),
    {
      provider: kasper(),
    },
  ),
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

export const payload: readonly Attack[] = [
  { row: '23', name: 'a key given twice', tries: doubledTries },
  { row: '24', name: 'keys that change prototypes', tries: prototypes },
]
