import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openLink } from '../scaling/link'
import { type Costs, connectionsFor, errorOf, planFor, redisBytes, redisRecordBytes } from '../scaling/model'
import { cpuMsOf } from '../scaling/processes'
import { withFigures } from '../scaling/report'
import { retentions } from '../scaling/retention'
import { sectionNames } from '../scaling/sections'
import { bytes, duration } from '../scaling/units'
import {
  caspay,
  createReceiver,
  kasperopay,
  memoryStore,
  mugglepay,
  type Provider,
  payqi,
  payvost,
  type WebhookEvent,
} from '../src'
import { signDelivery } from '../src/testing'
import { serve } from './support/server'

const costs: Costs = {
  redisRecordBytes: 200,
  heapRecordBytes: 100,
  indexFactor: 2,
  bloatFactor: 1.5,
  walEventBytes: 800,
  callsPerEvent: 2,
  callsPerDuplicate: 1,
  redisEventMicroseconds: 40,
  postgresEventMicroseconds: 250,
  vacuumRowsPerSecond: 100_000,
}
const choices = { copies: 2, vacuumSeconds: 600 }
const plan = (change: Partial<Parameters<typeof planFor>[0]>) =>
  planFor({ deliveriesPerSecond: 100, distinctShare: 1, retentionDays: 7, ...change }, costs, choices)

describe('the model', () => {
  it('keeps a record of each new event for as long as it is remembered', () => {
    expect(plan({}).records).toBe(100 * 7 * 86_400)
    expect(plan({ retentionDays: 30 }).records).toBe(100 * 30 * 86_400)
    expect(plan({ distinctShare: 0.5 }).records).toBe(50 * 7 * 86_400)
    expect(plan({ distinctShare: 0 })).toMatchObject({ records: 0, redisBytes: 0, postgresBytes: 0, partitions: 1 })
  })

  it('counts a call for a duplicate, two for a new event', () => {
    expect(plan({}).callsPerSecond).toBe(200)
    expect(plan({ distinctShare: 0.9 }).callsPerSecond).toBeCloseTo(190)
    expect(plan({ distinctShare: 0 }).callsPerSecond).toBe(100)
  })

  it('multiplies the table by its indexes and by what is kept free, and all of it by the copies', () => {
    const { postgresBytes, allCopiesBytes, redisBytes: redis, records } = plan({})
    expect(postgresBytes).toBeCloseTo(records * 300)
    expect(allCopiesBytes).toEqual({ redis: 2 * redis, postgres: 2 * postgresBytes })
  })

  it('has duplicates cost neither log nor CPU of a write', () => {
    const half = plan({ distinctShare: 0.5 })
    expect(half).toMatchObject({ walBytesPerSecond: 40_000, redisCores: 0.002, postgresCores: 0.0125 })
    expect(half.deadRowsPerSecond).toBe(100)
  })

  it('parts a table whose VACUUM would take longer than it may, by a power of two', () => {
    const partitions = (deliveriesPerSecond: number) => plan({ deliveriesPerSecond, retentionDays: 1 }).partitions
    const most = (100_000 * 600) / 86_400
    expect([most * 0.99, most * 1.01, most * 2.01, most * 9].map(partitions)).toEqual([1, 2, 4, 16])
  })

  it('knows how long a VACUUM takes, and how soon the next one is due', () => {
    const { vacuumSeconds, vacuumDueSeconds, records } = plan({})
    expect(vacuumSeconds).toBeCloseTo(records / 100_000)
    // A fifth of the rows dies in a tenth of the time in which all of them come and go, and each is completed too.
    expect(vacuumDueSeconds).toBeCloseTo(0.1 * 7 * 86_400)
  })

  it('gives Redis two tables of a power of two buckets', () => {
    expect(redisBytes(0, 200)).toBe(0)
    expect(redisBytes(1024, 200)).toBe(1024 * 200 + 16 * 1024)
    expect(redisBytes(1025, 200)).toBe(1025 * 200 + 16 * 2048)
    expect(redisRecordBytes(300_000, redisBytes(300_000, 187))).toBeCloseTo(187)
  })

  it('holds a connection for the statements alone, in transactions for the handler too', () => {
    const holding = { eventsPerSecond: 100, roundTrips: 2, roundTripMs: 5, handlerMs: 200, transaction: false }
    expect(connectionsFor(holding, 1)).toBe(1)
    expect(connectionsFor(holding, 2)).toBe(2)
    expect(connectionsFor({ ...holding, roundTrips: 6, transaction: true }, 1)).toBe(23 + 1)
  })

  it('knows how far it is off, either way', () => {
    expect([errorOf(90, 100), errorOf(110, 100)]).toEqual([0.1, 0.1].map((share) => expect.closeTo(share)))
  })
})

describe('the shortest memory', () => {
  const secret = 'whsec_scaling_0123456789abcdef'
  const providers = [
    caspay({ secret }),
    payqi({ secret }),
    payvost({ secret }),
    mugglepay({ token: secret }),
    kasperopay({ merchantId: 'merchant_1', expect: () => undefined }),
  ].map((provider) => provider as unknown as Provider<WebhookEvent>)

  it.each(providers.map((provider) => [provider.name, provider] as const))(
    'of %s is what a receiver takes, and a second less is not',
    (name, provider) => {
      const found = retentions().find((one) => one.provider === name)
      if (found === undefined) throw new Error('not in the table')
      const receiverWith = (retentionSeconds: number, maxEventAgeSeconds?: number) =>
        createReceiver({
          provider,
          store: memoryStore(),
          retentionSeconds,
          ...(maxEventAgeSeconds !== undefined && { maxEventAgeSeconds }),
        })
      receiverWith(found.usualSeconds)
      receiverWith(found.leastSeconds, found.leastAgeSeconds)
      expect(() => receiverWith(found.usualSeconds - 1)).toThrow('retentionSeconds')
      expect(() => receiverWith(found.leastSeconds - 1, found.leastAgeSeconds)).toThrow('retentionSeconds')
    },
  )
})

describe('two regions', () => {
  const secret = 'whsec_scaling_0123456789abcdef'
  const delivery = signDelivery('payqi', 'payment.completed', { secret })
  const regionOn = (store = memoryStore()) => createReceiver({ provider: payqi({ secret }), store })

  it('with a store each handle an event that is delivered to both twice', async () => {
    const outcomes = [await regionOn().receive(delivery, () => {}), await regionOn().receive(delivery, () => {})]
    expect(outcomes.map(({ kind }) => kind)).toEqual(['processed', 'processed'])
  })

  it('with one store handle it once', async () => {
    const store = memoryStore()
    const outcomes = [
      await regionOn(store).receive(delivery, () => {}),
      await regionOn(store).receive(delivery, () => {}),
    ]
    expect(outcomes.map(({ kind }) => kind)).toEqual(['processed', 'duplicate'])
  })
})

describe('the measuring', () => {
  it('counts what goes over a link, and lets nothing through once it is cut', async () => {
    const server = await serve((_, response) => response.end('hello'))
    const link = await openLink(server.port)
    const ask = () => fetch(`http://127.0.0.1:${link.port}/`, { signal: AbortSignal.timeout(300) })
    expect(await (await ask()).text()).toBe('hello')
    const { roundTrips, sentBytes, receivedBytes } = link.counted
    expect(roundTrips).toBe(1)
    expect(Math.min(sentBytes, receivedBytes)).toBeGreaterThan(50)
    link.cut()
    await expect(ask()).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(link.counted).toEqual({ roundTrips, sentBytes, receivedBytes })
    await link.close()
    await server.close()
  })

  it('sees the CPU time of this process grow, and nothing of one that is not', () => {
    if (process.platform !== 'linux') return expect(cpuMsOf(process.pid)).toBeUndefined()
    const before = cpuMsOf(process.pid) ?? Number.NaN
    const own = process.cpuUsage()
    while (process.cpuUsage(own).user < 100_000) Math.sqrt(2)
    expect((cpuMsOf(process.pid) ?? 0) - before).toBeGreaterThan(50)
    expect(cpuMsOf(-1)).toBeUndefined()
  })
})

describe('the document', () => {
  const page = readFileSync(new URL('../docs/scaling.md', import.meta.url), 'utf8')

  it('has a place for the figures of every section, and figures in it', () => {
    for (const name of [...sectionNames, 'machine']) {
      const [, figures = ''] =
        new RegExp(`<!-- figures: ${name} -->\n([\\s\\S]*?)<!-- /figures: ${name} -->`).exec(page) ?? []
      expect([name, /\| --- \|[\s\S]*\d/.test(figures)]).toEqual([name, true])
      expect([name, figures.includes('Did not hold')]).toEqual([name, false])
    }
  })

  it('has its figures replaced, and nothing else', () => {
    const text = 'before\n<!-- figures: a -->\nold\n<!-- /figures: a -->\nafter\n'
    expect(withFigures(text, 'a', 'new\nones')).toBe(text.replace('old', 'new\nones'))
    expect(() => withFigures(text, 'b', 'new')).toThrow('no place')
  })

  it('writes times by what one reads', () => {
    expect([1, 89, 600, 86_400].map(duration)).toEqual(['1 s', '89 s', '10 min', '24.0 h'])
  })

  it('writes bytes by thousands', () => {
    expect([0, 999, 1000, 1.5e6, 2.5e12].map(bytes)).toEqual(['0.000 B', '999 B', '1.00 kB', '1.50 MB', '2.50 TB'])
  })
})
