import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { hexHmac } from './support/deliveries'
import { post } from './support/server'
import { sleep } from './support/shop'

const root = fileURLToPath(new URL('..', import.meta.url))
const started: ChildProcess[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill()
})

function run(file: string, env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, ['--import', 'tsx', file], { cwd: root, env: { ...process.env, ...env } })
  started.push(child)
  const output = { text: '' }
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output.text += chunk.toString()))
  const exit = new Promise<number | null>((resolve) => child.on('exit', resolve))
  return { output, exit }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

describe('the quick start', () => {
  const file = 'examples/express.ts'

  it('is in the README as it is in its file', () => {
    const blocks = [...readFileSync(`${root}/README.md`, 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(
      ([, text]) => text,
    )
    expect(blocks).toContain(readFileSync(`${root}/${file}`, 'utf8'))
  })

  it('runs, and fulfils a genuine payment', async () => {
    const secret = 'whsec_0123456789abcdef'
    const port = await freePort()
    const { output } = run(file, { PORT: String(port), CASPAY_WEBHOOK_SECRET: secret })
    const body = `{"id":"evt_1","type":"payment.completed","created":${Math.floor(Date.now() / 1000)},"data":{"payment":{"id":"p","amount":1000000000,"currency":"CSPR","status":"completed","metadata":{"orderId":"o_1"}}}}`
    const send = () =>
      post(`http://127.0.0.1:${port}/webhooks/caspay`, {
        headers: [['X-CasPay-Signature', hexHmac(secret, body)]],
        body,
      })
    let answer = await send().catch(() => undefined)
    for (let i = 0; i < 200 && answer === undefined; i++) {
      await sleep(50)
      answer = await send().catch(() => undefined)
    }
    expect(answer).toMatchObject({ status: 200, body: 'OK' })
    expect(output.text).toContain("orderId: 'o_1'")
  })

  it('without its secret says what is missing, at start', async () => {
    const { output, exit } = run(file, { CASPAY_WEBHOOK_SECRET: '' })
    expect(await exit).not.toBe(0)
    expect(output.text).toContain('caspay({ secret }) is empty or blank')
  })
})

describe('the demo', () => {
  it('finds every verdict right, and ends by itself', async () => {
    const { output, exit } = run('examples/demo/main.ts')
    expect(await exit).toBe(0)
    expect(output.text).toMatch(/(\d+) deliveries, \1 verdicts right, 0 wrong\./)
    for (const provider of ['caspay', 'payqi', 'payvost', 'mugglepay', 'kasperopay']) {
      for (const kind of ['genuine', 'forged', 'replayed', 'tampered', 'stale', 'duplicate']) {
        expect(output.text).toMatch(new RegExp(`^${provider} +${kind}.*right$`, 'm'))
      }
    }
  })
})
