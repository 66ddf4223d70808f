import { memoryStore } from '../../src'
import type { Host } from '../adapters/hosts'
import { faultyStore, genuine, never, sleep } from '../support/shop'
import { type Attack, checking, type Expectation, type Try } from './attack'
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
import { answering, within } from './tries'

const secretText = 'postgres://user:password@db'
const throwing = (value: unknown): Deployment => ({ handle: () => Promise.reject(value) })
const failed: Expectation = { status: 500, code: 'handler_failed' }

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

export const handled: readonly Attack[] = [
  { row: 'P3', name: "the handler's error in the answer", tries: failures },
  { row: 'P4', name: 'duplicates at once each run', tries: () => everyHost.map((host) => storm(host, 10)) },
  { row: 'P5', name: 'the attempt after a failure is refused as a replay', tries: retried },
  { row: 'P6', name: 'the store is down: hangs, or goes on without it', tries: outages },
  { row: 'P10', name: 'a claim nobody ends holds for a day; a late owner overwrites', tries: crashed },
]
