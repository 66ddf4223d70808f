import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { afterAll, afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../chaos/daemon'
import type { Kept } from '../examples/shop/letters'
import { renderPage } from '../examples/shop/page'
import { createFleet } from '../examples/shop/run/fleet'
import { openSpool } from '../examples/shop/spool'
import type { DeadLetter } from '../src'
import { parseAnswer, post, type Running, raw, serve } from './support/server'

const folder = mkdtempSync(join(tmpdir(), 'payproof-parts-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe("the shop's proxy", () => {
  const fleet = createFleet(folder)
  const upstreams: Running[] = []
  afterEach(async () => {
    await fleet.stop('proxy', 'SIGKILL')
    await Promise.all(upstreams.splice(0).map((upstream) => upstream.close()))
  })

  /** Before these, and ports where nobody listens. Gives its own port. */
  async function startProxy(...listeners: readonly (RequestListener | 'nobody')[]): Promise<number> {
    const port = await freePort()
    const urls = listeners.map(async (listener) => {
      if (listener === 'nobody') return `http://127.0.0.1:${await freePort()}`
      const upstream = await serve(listener)
      upstreams.push(upstream)
      return upstream.url
    })
    const env = { PORT: String(port), UPSTREAMS: (await Promise.all(urls)).join(',') }
    await fleet.start({ name: 'proxy', script: 'proxy.ts', env })
    return port
  }

  it('hands on the bytes, the headers and the answer as they are', async () => {
    const got: { headers: string[]; body: Buffer }[] = []
    const port = await startProxy(async (request, response) => {
      const body = Buffer.concat(await request.toArray())
      got.push({ headers: request.rawHeaders, body })
      response.writeHead(409, { 'Retry-After': '7', 'X-Odd-CASE': 'kept' }).end('{"error":"x"}')
    })
    const body = Buffer.from([0, 255, 13, 10, 0x7b, 0xc3, 0x28])
    const head = `POST /webhooks/x?y=%2e HTTP/1.1\r\nHost: shop.example\r\nX-PayQI-Signature: aB\r\nX-Twice: 1\r\nX-Twice: 2\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`
    const answer = parseAnswer(await raw(port, [head, body]))
    expect(answer).toMatchObject({ status: 409, body: '{"error":"x"}' })
    expect(answer.headers).toMatchObject({ 'retry-after': '7', 'x-odd-case': 'kept' })
    expect(got[0]?.body).toEqual(body)
    const sent = ['Host', 'shop.example', 'X-PayQI-Signature', 'aB', 'X-Twice', '1', 'X-Twice', '2']
    expect(got[0]?.headers.slice(0, sent.length)).toEqual(sent)
  })

  const send = (port: number) => post(`http://127.0.0.1:${port}/`, { headers: [], body: 'x' })

  it('takes the next where nobody listens, and says 503 where nobody listens at all', async () => {
    const port = await startProxy('nobody', (_, response) => response.end('here'))
    for (const _ of [1, 2, 3]) expect(await send(port)).toMatchObject({ status: 200, body: 'here' })
    await Promise.all(upstreams.splice(0).map((upstream) => upstream.close()))
    expect(await send(port)).toMatchObject({ status: 503, headers: { server: 'proxy', 'retry-after': '1' } })
  })

  const breaks: RequestListener = (request) => request.socket.destroy()

  it('does not send twice what one has broken off', async () => {
    let asked = 0
    const counts: RequestListener = (request, response) => {
      asked++
      breaks(request, response)
    }
    const port = await startProxy(counts, counts)
    expect(await send(port)).toMatchObject({ status: 502 })
    expect(asked).toBe(1)
  })

  it('sends a webhook to the next where one breaks off: it is handled once', async () => {
    const bodies: string[] = []
    const takes: RequestListener = async (request, response) => {
      bodies.push(Buffer.concat(await request.toArray()).toString())
      response.end('taken')
    }
    const port = await startProxy(breaks, takes)
    const webhook = () => post(`http://127.0.0.1:${port}/webhooks/payqi`, { headers: [], body: 'paid' })
    for (const _ of [1, 2]) expect(await webhook()).toMatchObject({ status: 200, body: 'taken' })
    expect(bodies).toEqual(['paid', 'paid'])
    await Promise.all(upstreams.splice(0).map((upstream) => upstream.close()))
    expect(await webhook()).toMatchObject({ status: 503 })
  })

  it('takes no body that no web process would', async () => {
    const port = await startProxy((_, response) => response.end())
    const body = 'x'.repeat(2 * 1024 * 1024 + 1)
    expect(await post(`http://127.0.0.1:${port}/`, { headers: [], body })).toMatchObject({ status: 413 })
  })

  it('lets go of an upstream whose sender has hung up', async () => {
    let gone = () => {}
    const left = new Promise<void>((resolve) => {
      gone = resolve
    })
    let arrived = () => {}
    const here = new Promise<void>((resolve) => {
      arrived = resolve
    })
    const port = await startProxy((_, response) => {
      response.once('close', gone)
      arrived()
    })
    const socket = connect(port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await here
    socket.destroy()
    await left
  })
})

describe("the shop's spool", () => {
  const letter = { provider: 'caspay', account: '', id: 'evt_1', rawBody: 'eA==' } as unknown as DeadLetter

  it('keeps a letter on disk until the database takes it, once', async () => {
    const rows: unknown[][] = []
    let isUp = false
    const query = async (_: string, values: unknown[]) => {
      if (!isUp) throw new Error('down')
      rows.push(values)
    }
    const spool = await openSpool(join(folder, 'spool'), { query } as unknown as pg.Pool)
    await Promise.all([spool.keep(letter), spool.keep({ ...letter, id: 'evt_2' })])
    await spool.keep(letter)
    expect(readdirSync(join(folder, 'spool'))).toHaveLength(2)
    isUp = true
    while (rows.length < 2) await sleep(20)
    while (readdirSync(join(folder, 'spool')).length > 0) await sleep(20)
    spool.stop()
    expect(rows.map(([, text]) => (JSON.parse(String(text)) as DeadLetter).id).sort()).toEqual(['evt_1', 'evt_2'])
  })
})

describe("the shop's spool, in trouble", () => {
  const big = { provider: 'caspay', account: '', id: 'evt_1', rawBody: 'eA=='.repeat(50_000) } as unknown as DeadLetter

  it('keeps copies of an event that come at the same time', async () => {
    const at = join(folder, 'copies')
    const spool = await openSpool(at, { query: () => Promise.reject(new Error('down')) } as unknown as pg.Pool)
    await Promise.all(Array.from({ length: 20 }, () => spool.keep(big)))
    spool.stop()
    expect(readdirSync(at)).toHaveLength(1)
    const [name = ''] = readdirSync(at)
    expect(JSON.parse(readFileSync(join(at, name), 'utf8'))).toEqual(big)
  })

  it('is not held back by a letter that the database refuses', async () => {
    const at = join(folder, 'refused')
    mkdirSync(at)
    writeFileSync(join(at, '0.json'), 'no letter')
    const taken: unknown[] = []
    const query = async (_: string, [id, letter]: string[]) => {
      JSON.parse(letter ?? '')
      taken.push(id)
    }
    const spool = await openSpool(at, { query } as unknown as pg.Pool)
    onTestFinished(() => spool.stop())
    await spool.keep(big)
    while (taken.length === 0) await sleep(20)
    expect(readFileSync(join(at, '0.json'), 'utf8')).toBe('no letter')
  })
})

describe("the operator's page", () => {
  it('shows what came from outside as text', () => {
    const hostile = `"><script>alert('&')</script>`
    const kept = {
      ...{ place: 'web', provider: 'caspay', id: hostile, eventId: hostile, wireType: hostile },
      ...{ attempts: 1, receivedAt: hostile, why: hostile },
    } satisfies Kept
    const page = renderPage({
      kept: [kept],
      counts: {},
      orders: [{ outcome: hostile, count: 1 }],
      token: 't',
      said: hostile,
    })
    expect(page).not.toMatch(/<script|"">|'&'/)
    expect(page.match(/&#60;script&#62;/g)).toHaveLength(10)
  })
})
