import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { inOrder } from './measure'
import { atMost, type Bench, digits, type Part, spread } from './part'
import { sizes } from './payloads'
import { medianOf, ratioOf, type Slice } from './statistics'
import { deliver, payqiWire, secret } from './wires'

export const cold: Part = {
  name: 'cold',
  question: 'The first import and the first verified delivery of a fresh process, beside importing zod alone',
  method: `Each figure is of many fresh processes, in turn: wall time from before the import to after the last statement, the CPU time of the same behind it. The
starting of Node itself is in neither. The files are in the machine's cache, as on any start but the first.`,
  async run(bench) {
    const { scripts, remarks } = await loadable([...starts(), ...entries()])
    const slices = await measure(scripts, bench)
    const of = (name: string) => slices.get(name) ?? []
    const ratio = (name: string) => ratioOf(of(name), of(zodAlone), 'wallMs')
    const rows = scripts.map(({ name }) => [
      name,
      spread(ratio(name)),
      digits(ratioOf(of(name), of(zodAlone), 'cpuMs').median),
      `${digits(medianOf(of(name), 'wallMs'))} ms`,
    ])
    return {
      tables: [{ title: 'Cold start ÷ importing zod alone', head: ['', 'wall', 'CPU', 'wall here'], rows }],
      targets: [atMost(`cold start with a first verify ÷ importing zod alone`, ratio(firstVerify).median, 1.5)],
      remarks,
    }
  },
}

interface Script {
  readonly name: string
  readonly code: () => string
  /** Left out, with a remark, where it does not load by itself. */
  readonly optional?: boolean
}

const zodAlone = 'zod alone'
const firstVerify = 'payproof, a provider and a first verify'

function starts(): Script[] {
  return [
    { name: zodAlone, code: () => `await import('zod')` },
    { name: 'payproof alone', code: () => `await import('payproof')` },
    {
      name: firstVerify,
      code() {
        const { headers, body } = deliver(payqiWire, 'items', sizes['0.6 KB'])
        return `const { createReceiver, memoryStore, payqi } = await import('payproof')
const receiver = createReceiver({ provider: payqi({ secret: ${JSON.stringify(secret)} }), store: memoryStore() })
const event = await receiver.verify(${JSON.stringify({ headers, body: body.toString() })})
if (event.type !== 'payment.completed') throw new Error('not verified')`
      },
    },
  ]
}

/** Every other entry that the package has, but those that tests load. */
function entries(): Script[] {
  const manifest = fileURLToPath(import.meta.resolve('payproof/package.json'))
  const { exports } = JSON.parse(readFileSync(manifest, 'utf8')) as { exports: Record<string, unknown> }
  return Object.keys(exports)
    .filter((entry) => entry !== '.' && !/^\.\/(package\.json|testing\b)/.test(entry))
    .map((entry) => ({
      name: `payproof${entry.slice(1)}`,
      code: () => `await import('payproof${entry.slice(1)}')`,
      optional: true,
    }))
}

/** Starts each once, which also warms the machine's cache. */
async function loadable(wanted: readonly Script[]): Promise<{ scripts: Script[]; remarks: string[] }> {
  const scripts: Script[] = []
  const remarks: string[] = []
  for (const script of wanted) {
    try {
      await startOnce(script)
      scripts.push(script)
    } catch (error) {
      if (!script.optional) throw error
      remarks.push(`${script.name} was left out: it does not load by itself in a bare process.`)
    }
  }
  return { scripts, remarks }
}

const run = promisify(execFile)

async function measure(
  scripts: readonly Script[],
  { quick, say }: Bench,
): Promise<ReadonlyMap<string, readonly Slice[]>> {
  const slices = new Map<string, Slice[]>(scripts.map(({ name }) => [name, []]))
  const rounds = quick ? 7 : 31
  for (let round = 0; round < rounds; round++) {
    if (round % 10 === 0) say(`round ${round} of ${rounds}`)
    for (const script of inOrder(scripts, round)) {
      const slice = await startOnce(script)
      slices.get(script.name)?.push(slice)
    }
  }
  return slices
}

async function startOnce({ code }: Script): Promise<Slice> {
  const file = fileURLToPath(new URL('cold-start.mjs', import.meta.url))
  writeFileSync(
    file,
    `const cpu = process.cpuUsage()
const startedMs = performance.now()
${code()}
const wallMs = performance.now() - startedMs
const { user, system } = process.cpuUsage(cpu)
console.log(JSON.stringify({ wallMs, cpuMs: (user + system) / 1000 }))`,
  )
  const { stdout } = await run(process.execPath, [file])
  return JSON.parse(stdout) as Slice
}
