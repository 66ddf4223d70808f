import { type Backend, openPostgres, openRedis, openSqlite } from './backends'
import { type Contestant, inFlight, interleave } from './measure'
import { compare } from './ours'
import { atMost, type Bench, digits, type Part, type Result, spread } from './part'
import { nextId } from './payloads'

export const stores: Part = {
  name: 'stores',
  question: 'What claiming and completing an event costs, beside two bare round trips of the same client',
  method: `Wall time, the middle half of the rounds in brackets, and the client's CPU behind it. Every key is new; both sides work on tables of their own
that grow alike. What is completed is kept for as long as the store keeps it by default. A finished duplicate is a claim of a completed key; what the store sends for it is counted on the client. Letters are not written.
On PostgreSQL the store prepares its statements by itself, and pg does not: it is measured beside bare statements as pg sends them, beside prepared
ones, and with \`prepare: false\`. SQLite runs within the process: its statements are counted, and no round trips.`,
  async run(bench) {
    const { redis, postgres } = bench.urls
    const wanted: [string, (() => Promise<Backend>) | undefined][] = [
      ['Redis', redis === undefined ? undefined : () => openRedis(redis)],
      ['PostgreSQL', postgres === undefined ? undefined : () => openPostgres(postgres, { store: true, bare: false })],
      [
        'PostgreSQL, prepared',
        postgres === undefined ? undefined : () => openPostgres(postgres, { store: true, bare: true }),
      ],
      [
        'PostgreSQL, prepare: false',
        postgres === undefined ? undefined : () => openPostgres(postgres, { store: false, bare: false }),
      ],
      ['SQLite', openSqlite],
    ]
    const results: Result[] = []
    const remarks: string[] = []
    for (const [name, open] of wanted) {
      if (open === undefined)
        remarks.push(`${name} was left out: no server answers, and this machine has none to start.`)
      else results.push(await measureAll(name, open, bench))
    }
    return {
      tables: [
        {
          title: 'Stores',
          head: ['', 'in flight', 'claim + complete ÷ two bare', 'commands', 'duplicate ÷ one bare', 'commands'],
          rows: results.flatMap(({ tables }) => tables.flatMap(({ rows }) => rows)),
        },
      ],
      targets: results.flatMap(({ targets = [] }) => targets),
      remarks: [...results.flatMap((result) => result.remarks ?? []), ...remarks],
    }
  },
}

async function measureAll(name: string, open: () => Promise<Backend>, bench: Bench): Promise<Result> {
  const backend = await open()
  // A run that is stopped leaves no tables behind.
  const stop = () => void backend.close().finally(() => process.exit(130))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  try {
    const results: Result[] = []
    for (const width of backend.widths) {
      bench.say(`${name}, ${width} in flight`)
      results.push(await measure(name, backend, width, bench))
    }
    return {
      tables: results.flatMap(({ tables }) => tables),
      targets: results.flatMap(({ targets = [] }) => targets),
      remarks: [`Bare on ${name}: ${backend.bare}.`],
    }
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop)
    await backend.close()
  }
}

async function measure(name: string, backend: Backend, width: number, { pace }: Bench): Promise<Result> {
  const { store } = backend
  const { defaultRetentionSeconds = 7 * 86_400 } = store
  const handle = async () => {
    const key = newKey()
    const claim = await store.claim(key, 60)
    if (claim.state !== 'acquired') throw new Error(`A new key was ${claim.state}.`)
    if (!(await store.complete(key, claim.token, defaultRetentionSeconds)))
      throw new Error('The token was not the owner’s.')
    return key
  }
  const bare = async () => {
    const key = newKey()
    await backend.begin(key)
    await backend.finish(key)
    return key
  }
  // The first calls also look at the server and load scripts.
  const [handled, written] = [await several(handle), await several(bare)]
  const again = async (key: string) => {
    if ((await store.claim(key, 60)).state !== 'completed') throw new Error('A finished key was not known.')
  }
  const perEvent = await counted(backend, handle)
  const perDuplicate = await counted(backend, () => again(handled))
  const contestants: Contestant[] = [
    { name: 'store', run: inFlight(width, handle) },
    { name: 'two bare', run: inFlight(width, bare) },
    { name: 'duplicate', run: inFlight(width, () => again(handled)) },
    { name: 'one bare', run: inFlight(width, async () => backend.look(written)) },
  ]
  const timings = await interleave(contestants, pace)
  const [event, duplicate] = [
    compare(timings, 'store', 'two bare', 'wallMs'),
    compare(timings, 'duplicate', 'one bare', 'wallMs'),
  ]
  const cpu = (one: string, other: string) => `, CPU ${digits(compare(timings, one, other).median)}`
  const row = [
    backend.name,
    String(width),
    spread(event) + cpu('store', 'two bare'),
    String(perEvent),
    spread(duplicate) + cpu('duplicate', 'one bare'),
    String(perDuplicate),
  ]
  return {
    tables: [{ title: '', head: [], rows: [row] }],
    targets: [
      atMost(`claim + complete ÷ two bare round trips, ${name}, ${width} in flight`, event.median, 1.15),
      ...(width === 1 && backend.widths.length > 1
        ? [atMost(`round trips of a finished duplicate, ${name}`, perDuplicate, 1)]
        : []),
    ],
  }
}

const newKey = () => `payqi::${nextId()}`

async function several<T>(work: () => Promise<T>): Promise<T> {
  for (let i = 0; i < 20; i++) await work()
  return work()
}

async function counted(backend: Backend, work: () => Promise<unknown>): Promise<number> {
  const before = backend.sent()
  await work()
  return backend.sent() - before
}
