import { type Contestant, inFlight, interleave } from './measure'
import { assertProves, compare, createOurs, ours } from './ours'
import { atLeast, digits, type Part, spread, type Target } from './part'
import { type Size, sizes } from './payloads'
import { octokitPeer, type Peer, standardPeer, stripeAsyncPeer, ternPeer } from './peers'
import { type Delivery, deliver, inTurn, payqiWire, secret, usualHeaders } from './wires'

const width = 64

export const edge: Part = {
  name: 'edge',
  question: 'The build for runtimes without node:crypto, beside the asynchronous paths of other libraries',
  method: `In Node with \`--conditions=workerd\`, ${width} deliveries in flight. Wall time as a multiple of a hand-written floor on WebCrypto (a key imported once,
\`subtle.verify\`, \`JSON.parse\`), and the CPU time of all threads behind it. In Node every WebCrypto call goes through a pool of threads, which a runtime of the edge
does not need: the multiples hold between those that use it. standardwebhooks computes in JavaScript and is synchronous; @hookflo/tern takes \`node:crypto\` where it is.`,
  async run(bench) {
    if (!import.meta.resolve('#hmac').endsWith('/hmac.web.js')) throw new Error('This is not the build for the edge.')
    const rows: string[][] = []
    const targets: Target[] = []
    const wanted = ['0.6 KB', '64 KB'] as const
    const rivals = [stripeAsyncPeer, await octokitOfTheWeb(), ternPeer]
    for (const size of wanted) {
      bench.say(size)
      const contestants = await line([...rivals, standardPeer], size)
      const timings = await interleave(contestants, bench.pace)
      const wall = (name: string) => compare(timings, name, 'floor', 'wallMs')
      for (const { name } of contestants)
        rows.push([name, size, spread(wall(name)), digits(compare(timings, name, 'floor').median)])
      const fastest = Math.min(...rivals.map(({ name }) => wall(name).median))
      targets.push(
        atLeast(`edge: the fastest asynchronous library ÷ payproof, ${size}`, fastest / wall('payproof').median, 1),
      )
    }
    return { tables: [{ title: 'Time ÷ floor on WebCrypto', head: ['', 'size', 'wall', 'CPU'], rows }], targets }
  },
}

async function line(rivals: readonly Peer[], size: Size): Promise<Contestant[]> {
  const deliveries = Array.from({ length: size === '0.6 KB' ? 64 : 8 }, () => deliver(payqiWire, 'items', sizes[size]))
  const receiver = createOurs(payqiWire)
  const floor = await webFloor()
  const run = async (name: string, verify: (delivery: Delivery) => unknown, signed: readonly Delivery[]) => {
    const [first, second] = signed
    if (first !== undefined && second !== undefined)
      await assertProves(name, verify, first, { headers: second.headers, body: first.body })
    const next = inTurn(signed)
    return { name, run: inFlight(width, name === 'payproof' ? ours(async () => verify(next())) : () => verify(next())) }
  }
  return [
    await run('payproof', (delivery) => receiver.verify(delivery), deliveries),
    await run('floor', floor, deliveries),
    ...(await Promise.all(
      rivals.map((peer) =>
        run(
          peer.name,
          peer.verify,
          deliveries.map(({ body }) => ({ headers: { ...usualHeaders(body), ...peer.sign(body) }, body })),
        ),
      ),
    )),
  ]
}

async function webFloor(): Promise<(delivery: Delivery) => Promise<unknown>> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', Buffer.from(secret), algorithm, false, ['verify'])
  return async ({ headers, body }) => {
    const offered = Buffer.from(headers['x-payqi-signature'] ?? '', 'hex')
    // What Node types as perhaps shared never is.
    if (!(await crypto.subtle.verify('HMAC', key, offered, body as Uint8Array<ArrayBuffer>)))
      throw new Error('bad signature')
    return JSON.parse(body.toString('utf8'))
  }
}

/** Its build for browsers and workers, which Node's own condition hides. */
async function octokitOfTheWeb(): Promise<Peer> {
  const path = import.meta.resolve('@octokit/webhooks-methods').replace('/dist-node/', '/dist-web/')
  const { verify } = (await import(path)) as {
    verify(secret: string, payload: string, signature: string): Promise<boolean>
  }
  return {
    ...octokitPeer,
    name: '@octokit/webhooks-methods (web)',
    async verify({ headers, body }) {
      const text = body.toString('utf8')
      if (!(await verify(secret, text, headers['x-hub-signature-256'] ?? ''))) throw new Error('bad signature')
      return JSON.parse(text)
    },
  }
}
