import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { hexHmac, type Pairs } from '../support/deliveries'
import { post, serve } from '../support/server'
import { genuine, now, secret } from '../support/shop'
import { listening } from './desk'

type Given = { method: string | undefined; url: string | undefined; rawHeaders: string[]; body: Buffer }

/** A merchant's app that notes what it is given. */
async function app(answer: (res: ServerResponse, given: Given) => void = (res) => res.end('OK')) {
  const given: Given[] = []
  const server = await serve(async (req: IncomingMessage, res) => {
    const { method, url, rawHeaders } = req
    given.push({ method, url, rawHeaders, body: await buffer(req) })
    answer(res, given.at(-1) as Given)
  })
  onTestFinished(server.close)
  return { given, forward: `${server.url}/webhooks/caspay?shop=1` }
}

/** Signed, and of this hour: what listens has no clock to be handed. */
function fresh(change: (body: string) => string | Uint8Array = (body) => body) {
  const body = change(genuine().body.replace(String(now / 1000), String(Math.floor(Date.now() / 1000))))
  const headers: Pairs = [
    ['X-CasPay-Signature', hexHmac(secret, body)],
    ['Content-Type', 'application/json'],
  ]
  return { headers, body }
}

describe('handing on', () => {
  it('shows nothing that its address holds and that is named like a secret', async () => {
    const { given, forward } = await app()
    const { receivesAt, forwardsTo, detail } = await listening({ forward: `${forward}&api_key=sk_0123456789` })
    await post(receivesAt, fresh())
    expect(given[0]?.url).toContain('api_key=sk_0123456789')
    expect(forwardsTo).toContain('/webhooks/caspay?shop=1&api_key=[hidden: api_key')
    expect(JSON.stringify(await detail(1))).not.toContain('sk_0123456789')
  })

  it('gives the app the same bytes and headers, but those of the connection, and gives its answer back', async () => {
    const { given, forward } = await app((res) => {
      res.writeHead(
        202,
        [
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
          ['X-App', 'yes'],
        ].flat(),
      )
      res.end('taken')
    })
    const { receivesAt, settled } = await listening({ forward })
    const bytes = Buffer.concat([Buffer.from('{"a":"ä\u0000\r\n","n":1.0}  \n'), Buffer.from([0xff, 0xfe, 0])])
    const delivery = fresh(() => bytes)
    const answer = await post(`${receivesAt}some/path?x=1`, {
      headers: [
        ...delivery.headers,
        ['X-Twice', 'one'],
        ['X-Twice', 'two'],
        ['Connection', 'close, X-Private'],
        ['X-Private', 'for the next hop'],
        ['TE', 'trailers'],
        ['Proxy-Authorization', 'Basic abc'],
      ],
      body: bytes,
    })
    expect([answer.status, answer.body]).toEqual([202, 'taken'])
    expect(answer.headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], 'x-app': 'yes' })
    const [{ method, url, rawHeaders, body } = expect.unreachable()] = given
    expect([method, url, body.equals(bytes)]).toEqual(['POST', '/webhooks/caspay?shop=1', true])
    const names = rawHeaders.filter((_, at) => at % 2 === 0)
    expect(names).toEqual(expect.arrayContaining(['X-CasPay-Signature', 'Content-Type', 'X-Twice']))
    expect(names.filter((name) => name === 'X-Twice').length).toBe(2)
    for (const name of ['x-private', 'te', 'proxy-authorization', 'transfer-encoding'])
      expect(names.map((each) => each.toLowerCase())).not.toContain(name)
    expect(rawHeaders[names.indexOf('host') * 2 + 1]).toBe(new URL(forward).host)
    expect(settled).toMatchObject([
      { outcome: 'forwarded', answered: 202, verdict: 'refused', code: 'payload_malformed' },
    ])
  })

  it('hands on what does not verify too, and says that the app took it', async () => {
    const { given, forward } = await app()
    const { receivesAt, detail } = await listening({ forward })
    const delivery = fresh()
    await post(receivesAt, { ...delivery, body: `${delivery.body} ` })
    expect(given.length).toBe(1)
    const { summary, forward: handed, diagnosis } = await detail(1)
    expect(summary).toMatchObject({ verdict: 'refused', code: 'signature_mismatch', answered: 200, accepted: true })
    expect(handed?.advice).toContain('Does your app verify at all?')
    expect(diagnosis).toMatchObject({ cause: 'body_trailing', secretId: 'secret-1' })
  })

  it('keeps from the app what does not verify, where told to', async () => {
    const { given, forward } = await app()
    const { receivesAt } = await listening({ forward, verifiedOnly: true })
    const forged = { ...fresh(), headers: [['X-CasPay-Signature', '0'.repeat(64)]] as Pairs }
    expect((await post(receivesAt, forged)).status).toBe(401)
    expect((await post(receivesAt, fresh())).status).toBe(200)
    expect(given.length).toBe(1)
  })

  it.each([
    [401, 'the same secret'],
    [404, 'no route'],
    [307, 'redirects'],
    [500, 'Look into its log'],
  ])('says what an answer of %i to a genuine delivery may mean', async (status, words) => {
    const { given, forward } = await app((res) => res.writeHead(status, { location: '/elsewhere' }).end())
    const { receivesAt, detail } = await listening({ forward })
    expect((await post(receivesAt, fresh())).status).toBe(status)
    expect((await detail(1)).forward?.advice).toContain(words)
    expect(given.length).toBe(1)
  })

  it('answers 502 where no app listens, and says so', async () => {
    const closed = createServer()
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
    const { port } = closed.address() as AddressInfo
    await new Promise((resolve) => closed.close(resolve))
    const { receivesAt, detail } = await listening({ forward: `http://127.0.0.1:${port}/` })
    const answer = await post(receivesAt, fresh())
    expect([answer.status, answer.body]).toEqual([502, '{"error":"forward_failed"}'])
    expect(await detail(1)).toMatchObject({
      summary: { verdict: 'verified', outcome: 'forward_failed' },
      forward: { problem: 'refused', advice: 'Nothing listens there. Is your app running, and on this port?' },
    })
  })

  it.each(['ftp://127.0.0.1/', 'http://user:pass@127.0.0.1/', 'nonsense'])(
    'refuses to hand on to %s',
    async (forward) => {
      await expect(listening({ forward })).rejects.toThrow('--forward')
    },
  )
})

describe('receiving without an app', () => {
  it('answers as the library does, on any path: processed, duplicate, rejected', async () => {
    const { receivesAt, settled } = await listening()
    const delivery = fresh()
    const answers = [await post(`${receivesAt}a`, delivery), await post(`${receivesAt}b/c?d`, delivery)]
    answers.push(await post(receivesAt, { ...delivery, headers: [] }))
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, 'OK'],
      [200, 'OK'],
      [401, '{"error":"unauthorized"}'],
    ])
    expect(settled.map(({ outcome, code }) => [outcome, code])).toEqual([
      ['processed', undefined],
      ['duplicate', undefined],
      ['rejected', 'signature_missing'],
    ])
    expect(settled[0]?.eventKey).toBe(settled[1]?.eventKey)
    expect(settled[2]?.bodyHash).toBe(settled[0]?.bodyHash)
  })

  it.each([
    ['GET', [], '', 405],
    ['POST', [['Content-Encoding', 'gzip']] as Pairs, 'x', 415],
    ['POST', [], 'x'.repeat(1024 * 1024 + 1), 413],
  ])('refuses %s with %j and keeps no body of it', async (method, headers, body, status) => {
    const { receivesAt, settled, detail } = await listening()
    expect((await post(receivesAt, { method, headers, body })).status).toBe(status)
    expect(settled.map(({ answered, bodyBytes }) => [answered, bodyBytes])).toEqual([[status, undefined]])
    expect((await detail(1)).bodyMissing).toContain('It was not read')
  })
})
