import { Redis } from 'ioredis'
import type { IdempotencyStore } from 'payproof'
import { redisStore } from 'payproof/stores/redis'
import { startRedis } from '../chaos/servers'
import { handle, inLanes, keyOf } from './lanes'
import { makeLetter } from './letter'
import { redisBytes, redisRecordBytes } from './model'
import type { Bench } from './section'

export interface RedisSizes {
  readonly records: number
  readonly doneBytes: number
  readonly busyBytes: number
  readonly letterBytes: number
  readonly letterLength: number
  /** What was not looked at when the figure was taken. */
  readonly check: { readonly records: number; readonly predicted: number; readonly measured: number }
}

export async function measureRedis({ count }: Bench): Promise<RedisSizes> {
  // Its file is no part of its memory.
  const server = await startRedis(['--appendonly', 'no'])
  const client = new Redis(server.url)
  const store = redisStore(client, { warn: () => {} })
  const records = count(100_000, 20_000)
  const text = await makeLetter()
  const claim = async (at: number) => void (await store.claim(keyOf(at), 60))
  const done = (at: number) => handle(store, keyOf(at))
  const failed = (at: number) => fail(store, keyOf(at), text)
  try {
    const doneBytes = redisRecordBytes(records, await taken(client, done, records))
    const more = 3 * records
    const measured = await taken(client, done, more)
    const few = count(6000, 2000)
    return {
      records,
      doneBytes,
      busyBytes: redisRecordBytes(records, await taken(client, claim, records)),
      // With its entry in the index of letters: none of these is a copy.
      letterBytes: redisRecordBytes(few, await taken(client, failed, few, few)),
      letterLength: text.length,
      check: { records: more, predicted: redisBytes(more, doneBytes), measured },
    }
  } finally {
    client.disconnect()
    await server.stop()
  }
}

async function fail(store: IdempotencyStore, key: string, letter: string): Promise<void> {
  const claim = await store.claim(key, 60)
  if (claim.state === 'acquired') await store.release(key, claim.token, letter)
}

/** The memory that so many records take: the first of them as the store writes them, the others copies that the server makes. */
async function taken(client: Redis, write: (at: number) => Promise<void>, records: number, own = 1000) {
  // What the first calls leave behind, scripts above all, is no record.
  await write(-1)
  await client.flushall('SYNC')
  const before = await usedBytes(client)
  await inLanes(own, 64, write)
  const samples = (await client.keys('*')).slice(0, 1000)
  for (let at = own; at < records; at += 10_000)
    await client.eval(copies, samples.length, ...samples, at, Math.min(records, at + 10_000))
  const bytes = (await usedBytes(client)) - before
  if (own < records) await assertSame(client, samples[0] ?? '', records)
  return bytes
}

/** Keys as long as the samples, with what they hold and their expiry. */
const copies = `
for i = tonumber(ARGV[1]), tonumber(ARGV[2]) - 1 do
  local sample = KEYS[i % #KEYS + 1]
  local name = redis.sha1hex(i) .. redis.sha1hex(-i) .. redis.sha1hex('k' .. i)
  redis.call('COPY', sample, string.sub(name, 1, #sample))
end`

async function assertSame(client: Redis, sample: string, records: number): Promise<void> {
  const found = await client.dbsize()
  if (found !== records) throw new Error(`Of ${records} records there are ${found}.`)
  let other = sample
  while (other.startsWith('payproof:')) other = (await client.randomkey()) ?? ''
  const [one, copy] = [await client.memory('USAGE', sample), await client.memory('USAGE', other)]
  if (Math.abs(Number(one) - Number(copy)) > 8) throw new Error(`A record takes ${one} bytes, and its copy ${copy}.`)
}

async function usedBytes(client: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1])
}
