import { caspay, createReceiver, memoryStore } from '../../src'
import type { Host } from '../adapters/hosts'
import { faultyStore, genuine, never, now, secret, sleep } from '../support/shop'
import { type Attack, checking, type Expectation, misbuilding, type Try, type Verdict, verdictOn } from './attack'
import { caspaySigner, payqiSigner, sentWith, signed, timedSigner, wrongSecret } from './senders'
import {
  asControl,
  besidesTheGenuine,
  type Deployment,
  directly,
  everyHost,
  onHosts,
  openStage,
  taken,
  withStage,
} from './stage'

const unreadable: Expectation = { status: 400, code: 'payload_malformed' }
const already: Expectation = { status: 500, code: 'body_already_parsed' }
const adapters = everyHost.slice(1)
const streaming = adapters.filter(({ name }) => !name.startsWith('lambda'))

/** Something must come back before the time is up. */
const within = (ms: number, attempt: Try): Try => ({
  ...attempt,
  play: () =>
    Promise.race([
      attempt.play(),
      sleep(ms).then(
        (): Verdict => ({ status: 0, code: 'hangs', handlerRuns: 0, stored: 0, wrong: `no answer in ${ms} ms` }),
      ),
    ]),
})

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

const secretText = 'postgres://user:password@db'
const throwing = (value: unknown): Deployment => ({ handle: () => Promise.reject(value) })
const failed: Expectation = { status: 500, code: 'handler_failed' }

/** `answer` is all that may be answered. */
const answering = (answer: string, attempt: Try): Try => ({
  ...attempt,
  async play() {
    const verdict = await attempt.play()
    return verdict.body === answer ? verdict : { ...verdict, wrong: `answered ${verdict.body}` }
  },
})

const thrown: readonly [string, unknown][] = [
  ['an error', new Error(secretText)],
  ['an error with a status', Object.assign(new Error(secretText), { status: 200, expose: true })],
  ['a text', secretText],
  ['an object', { message: secretText, status: 200, statusCode: 200 }],
]
const failures = (): Try[] =>
  thrown.flatMap(([name, value]) =>
    onHosts(name, failed, () => genuine(), throwing(value)).map((attempt) =>
      besidesTheGenuine(answering('{"error":"handler_failed"}', attempt)),
    ),
  )

/** One run is due. What is counted are those beyond it. */
const storm = (host: Host, copies: number): Try => ({
  name: `${copies} at once, ${host.name}`,
  expected: { status: [200, 409] },
  play: () =>
    withStage(host, 'in process', { handle: () => sleep(20) }, async (stage) => {
      const verdicts = await Promise.all(Array.from({ length: copies }, () => stage.send(genuine())))
      const strange = verdicts.find(({ status }) => status !== 200 && status !== 409)
      // Each of them saw the one run, if it began after the first.
      const runs = Math.max(...verdicts.map(({ handlerRuns }) => handlerRuns)) - 1
      return { status: strange?.status ?? 409, code: '', handlerRuns: runs, stored: 0 }
    }),
})

const retried = (): Try[] =>
  everyHost.map((host) =>
    besidesTheGenuine({
      name: `the second attempt, ${host.name}`,
      expected: { status: 200, code: 'processed' },
      play: async () => {
        let failing = true
        const handle = () => (failing ? Promise.reject(new Error('no stock')) : undefined)
        const stage = await openStage(host, 'in process', { handle })
        await stage.send(genuine())
        failing = false
        return stage.send(genuine())
      },
    }),
  )

const down: Expectation = { status: 503, code: 'store_unavailable', storeCalls: 1 }
const outages = (): Try[] =>
  [
    ...onHosts('fails', down, () => genuine(), {
      store: faultyStore({ claim: () => Promise.reject(new Error('down')) }),
    }),
    ...onHosts('is silent', down, () => genuine(), { store: faultyStore({ claim: never }), storeTimeoutMs: 20 }),
    ...onHosts('is full', { ...down }, () => genuine(), { store: fullStore() }),
    ...onHosts('answers nonsense', { ...down }, () => genuine(), {
      store: faultyStore({ claim: async () => ({ state: 'yes' }) as never }),
    }),
  ].map((attempt) => within(2000, attempt))

function fullStore() {
  const store = memoryStore({ maxRecords: 1 })
  void store.claim('another', 3600)
  return store
}

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

const crashed = (): Try[] => [
  asControl(directly('one that nobody renews', taken, () => genuine(), { store: abandoned() })),
  checking('a late owner changes nothing', async () => {
    let ms = 0
    const store = memoryStore({ now: () => ms })
    const late = await store.claim('k', 60)
    ms = 61_000
    const owner = await store.claim('k', 60)
    if (late.state !== 'acquired' || owner.state !== 'acquired') return 'the claim was not given on'
    const done = [
      await store.complete('k', late.token, 60),
      await store.release('k', late.token),
      await store.renew('k', late.token, 60),
    ]
    return done.includes(true) ? 'the late owner still has a say' : undefined
  }),
]

/** Claimed by a process that ended, long ago. */
function abandoned() {
  let ms = 0
  const store = memoryStore({ now: () => ms })
  void store.claim('caspay::evt_1', 60)
  ms = 61_000
  return store
}

const month = 30 * 86_400
const refreshed = (): Try[] =>
  onHosts(
    'an old body under a fresh header',
    { status: 401, code: 'timestamp_too_old' },
    () => signed({ ...payqiSigner, more: [['x-payqi-timestamp', String(now / 1000 + month)]] }),
    {
      provider: payqiSigner.provider,
      now: () => now + month * 1000,
    },
  )

export const peers: readonly Attack[] = [
  { row: 'P1', name: 'no JSON under a right signature reaches the handler', tries: noJson },
  { row: 'P2', name: 'a body parsed or read before: hangs, 202, or verified as written again', tries: parsed },
  { row: 'P3', name: "the handler's error in the answer", tries: failures },
  { row: 'P4', name: 'duplicates at once each run', tries: () => everyHost.map((host) => storm(host, 10)) },
  { row: 'P5', name: 'the attempt after a failure is refused as a replay', tries: retried },
  { row: 'P6', name: 'the store is down: hangs, or goes on without it', tries: outages },
  { row: 'P7', name: 'a new type or field breaks the endpoint, or the schema is in the answer', tries: newer },
  { row: 'P8', name: 'only the first or the last of several signatures counts', tries: several },
  { row: 'P9', name: 'errors of another class (RangeError, TypeError)', tries: strays },
  { row: 'P10', name: 'a claim nobody ends holds for a day; a late owner overwrites', tries: crashed },
  { row: 'P11', name: 'a time nobody signed is trusted', tries: refreshed },
  {
    row: 'P12',
    name: 'memory of handled events shorter than the window',
    tries: () =>
      [300, 600, 259_200].map((retentionSeconds) =>
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
