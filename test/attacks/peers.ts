import { caspay, createReceiver, memoryStore } from '../../src'
import { genuine, now, secret } from '../support/shop'
import { type Attack, type Expectation, misbuilding, type Try, verdictOn } from './attack'
import { caspaySigner, payqiSigner, sentWith, signed, timedSigner, wrongSecret } from './senders'
import { everyHost, onHosts, taken } from './stage'
import { answering, within } from './tries'

const unreadable: Expectation = { status: 400, code: 'payload_malformed' }
const already: Expectation = { status: 500, code: 'body_already_parsed' }
const adapters = everyHost.slice(1)
const streaming = adapters.filter(({ name }) => !name.startsWith('lambda'))

const noJson = (): Try[] =>
  ['hello', '', '"text"', '[]', '7', 'null', 'true', '{"a":', 'a=1&b=2', '<xml/>'].flatMap((body) =>
    onHosts(JSON.stringify(body), unreadable, () => signed(caspaySigner, body)),
  )

const parsed = (): Try[] =>
  [
    ...onHosts('parsed', already, () => genuine(), { before: 'parser' }, { hosts: adapters }),
    ...onHosts(
      'parsed, forged',
      already,
      () => signed(caspaySigner, caspaySigner.body, wrongSecret),
      { before: 'parser' },
      { hosts: adapters },
    ),
    ...onHosts(
      'parsed, over a socket',
      already,
      () => genuine(),
      { before: 'parser' },
      { hosts: adapters, way: 'socket' },
    ),
    ...onHosts('read and gone', already, () => genuine(), { before: 'consumer' }, { hosts: streaming }),
    ...onHosts(
      'read and gone, over a socket',
      already,
      () => genuine(),
      { before: 'consumer' },
      { hosts: streaming, way: 'socket' },
    ),
  ].map((attempt) => within(2000, attempt))

const newer = (): Try[] => [
  ...onHosts(
    'a type nobody knows',
    taken,
    () => signed(caspaySigner, caspaySigner.body.replace('payment.completed', 'payment.teleported')),
    {},
    { control: true },
  ),
  ...onHosts(
    'fields nobody knows',
    taken,
    () => signed(caspaySigner, caspaySigner.body.replace('"data":{', '"new":{"a":[1]},"data":{"new":1,')),
    {},
    { control: true },
  ),
  ...onHosts('a known type with other data', { status: 422, code: 'payload_invalid' }, () =>
    signed(caspaySigner, caspaySigner.body.replace('"p"', '{"personal":"data"}')),
  ).map((attempt) => answering('{"error":"payload_invalid"}', attempt)),
]

const v1s = (tags: readonly string[]) =>
  sentWith(timedSigner, `t=${now / 1000},${tags.map((tag) => `v1=${tag}`).join(',')}`)
const [right, wrong] = [timedSigner.tag(timedSigner.body), timedSigner.tag('')]
const several = (): Try[] => [
  ...[
    [right, wrong],
    [wrong, right],
    [wrong, right, wrong],
  ].flatMap((tags) =>
    onHosts(
      'the right one among others',
      taken,
      () => v1s(tags),
      { provider: timedSigner.provider },
      { control: true },
    ),
  ),
  ...onHosts('two wrong ones', { status: 401, code: 'signature_mismatch' }, () => v1s([wrong, wrong]), {
    provider: timedSigner.provider,
  }),
]

/** What breaks verifiers in ways of their own must end in the one error of this library. */
const hostile: readonly unknown[] = [
  undefined,
  null,
  7,
  'x',
  [],
  {},
  { headers: null },
  { headers: {}, body: null },
  { headers: {}, body: {} },
  { headers: { 'x-caspay-signature': 7 }, body: '' },
  { headers: { get: () => 7 }, body: '' },
]
const strays = (): Try[] => {
  const receiver = createReceiver({
    provider: caspay({ secret }),
    store: memoryStore(),
    now: () => now,
    observe: () => {},
  })
  return [
    ...hostile.map(
      (request, index): Try => ({
        name: `request ${index}`,
        expected: { status: [401, 500] },
        play: async () => {
          const { reply, ...outcome } = await receiver.receive(request as never, () => {})
          return {
            status: reply.status,
            code: 'error' in outcome ? outcome.error.code : outcome.kind,
            handlerRuns: 0,
            stored: 0,
          }
        },
      }),
    ),
    ...['é'.repeat(64), '', 'v1=', '\0'.repeat(64)].map(
      (value): Try => ({
        name: `signature ${JSON.stringify(value).slice(0, 8)}`,
        expected: { status: 401 },
        play: () => verdictOn(() => receiver.verify({ headers: { 'x-caspay-signature': value }, body: '' })),
      }),
    ),
  ]
}

const month = 30 * 86_400
const refreshed = (): Try[] => [
  ...onHosts(
    'no time but that of the header',
    { status: 401, code: 'timestamp_missing' },
    () => signed(payqiSigner, payqiSigner.body.replace(/"created":\d+,/, '')),
    { provider: payqiSigner.provider },
  ),
  ...onHosts(
    'an old body under a fresh header',
    { status: 401, code: 'timestamp_too_old' },
    () => signed({ ...payqiSigner, more: [['x-payqi-timestamp', String(now / 1000 + month)]] }),
    {
      provider: payqiSigner.provider,
      now: () => now + month * 1000,
    },
  ),
]

/** 3 days, the tolerance, and a lease. */
const remembered = 259_200 + 300 + 60

export const peers: readonly Attack[] = [
  { row: 'P1', name: 'no JSON under a right signature reaches the handler', tries: noJson },
  { row: 'P2', name: 'a body parsed or read before: hangs, 202, or verified as written again', tries: parsed },
  { row: 'P7', name: 'a new type or field breaks the endpoint, or the schema is in the answer', tries: newer },
  { row: 'P8', name: 'only the first or the last of several signatures counts', tries: several },
  { row: 'P9', name: 'errors of another class (RangeError, TypeError)', tries: strays },
  { row: 'P11', name: 'a time nobody signed is trusted', tries: refreshed },
  {
    row: 'P12',
    name: 'memory of handled events shorter than the window',
    tries: () =>
      [300, 600, 259_200, remembered - 300, remembered - 60, remembered - 1].map((retentionSeconds) =>
        misbuilding(`${retentionSeconds} s`, () =>
          createReceiver({ provider: caspay({ secret }), store: memoryStore(), retentionSeconds }),
        ),
      ),
  },
  {
    row: 'P13',
    name: "the provider's test button (`test_signature`)",
    tries: () =>
      onHosts('as sent', { status: 401, code: 'signature_malformed' }, () => sentWith(caspaySigner, 'test_signature')),
  },
]
