import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { nodeWebhook } from '../../adapters/node'
import { exchange } from '../../src/cli/doctor/exchange'
import { checkGenuine } from '../../src/cli/doctor/genuine'
import { signDelivery } from '../../src/testing'
import { payproof } from '../support/command'
import { post, serve } from '../support/server'
import { at, diagnosed, examine, receiverOf, secret } from './examine'

const healthy = () => nodeWebhook(receiverOf('caspay'), () => {})

/** Passes requests on, and does something to them. */
async function proxy(change: (body: Buffer, headers: Record<string, string>) => Buffer): Promise<string> {
  const target = await at(healthy())
  return at(async (req, res) => {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk as Buffer)
    const { 'content-length': _, connection: __, ...headers } = req.headers as Record<string, string>
    const body = change(Buffer.concat(chunks), headers)
    const answer = await post(target, { headers: Object.entries(headers), body })
    res.writeHead(answer.status, { ...answer.headers, via: '1.1 test' }).end(answer.body)
  })
}

describe('something between', () => {
  it('that only passes on is told, and no problem', async () => {
    const { of, code } = await examine(await proxy((body) => body), '--genuine')
    expect(code).toBe(0)
    expect(of('proxy')).toMatchObject({ state: 'ok', seen: expect.stringContaining('via: 1.1 test') })
    expect(of('bytes')?.state).toBe('ok')
  })

  it('that parses bodies and writes them anew is found by their bytes', async () => {
    const url = await proxy((body, headers) =>
      'content-encoding' in headers ? body : Buffer.from(JSON.stringify(JSON.parse(body.toString()))),
    )
    const { of } = await examine(url, '--genuine')
    expect([of('genuine')?.state, of('bytes')?.state]).toEqual(['ok', 'problem'])
  })

  it('that unpacks bodies is found by a gzipped one', async () => {
    const url = await proxy((body, headers) => {
      const packed = headers['content-encoding'] === 'gzip'
      delete headers['content-encoding']
      return packed ? gunzipSync(body) : body
    })
    expect((await examine(url)).of('encoding')).toMatchObject({
      state: 'warning',
      seen: expect.stringContaining('unpacked'),
    })
  })

  it('that takes the signature away is found by a genuine delivery', async () => {
    const url = await proxy((body, headers) => {
      delete headers['x-caspay-signature']
      return body
    })
    const { of } = await examine(url, '--genuine')
    expect(of('genuine')).toMatchObject({
      state: 'problem',
      advice: expect.stringMatching(/the secret from CASPAY_WEBHOOK_SECRET\..*header/),
    })
    expect(of('bytes')?.state).toBe('not_checked')
  })

  it('that caches is found by its headers', async () => {
    const cached: RequestListener = (_, res) => res.writeHead(401, { age: '12', 'x-cache': 'HIT' }).end()
    expect((await examine(await at(cached))).of('proxy')?.state).toBe('warning')
  })

  it('with no limit is found by a large body', async () => {
    const endless: RequestListener = (req, res) => req.resume().on('end', () => res.writeHead(401).end())
    expect((await examine(await at(endless))).of('limit')?.state).toBe('warning')
  })
})

describe('a clock that is off', () => {
  const off = (seconds: number) => (_: IncomingMessage, res: ServerResponse) =>
    res.writeHead(401, { date: new Date(Date.now() + seconds * 1000).toUTCString() }).end()

  it.each([
    [-400, 'problem', 'behind'],
    [400, 'problem', 'ahead'],
    [60, 'warning', 'ahead'],
    [2, 'ok', ''],
  ])('by %d s is a %s', async (seconds, state, seen) => {
    const { of } = await examine(await at(off(seconds)))
    expect(of('clock')).toMatchObject({ state, seen: expect.stringContaining(seen) })
  })
})

describe('nobody there', () => {
  it('is a closed port', async () => {
    const closed = await serve(() => {})
    await closed.close()
    const { of } = await examine(closed.url)
    expect(of('connection')).toMatchObject({ state: 'problem', seen: expect.stringContaining('ECONNREFUSED') })
  })

  it('is a name that does not resolve', async () => {
    const { of } = await examine('https://nowhere.invalid/hook')
    expect(of('dns')).toMatchObject({ state: 'problem', seen: expect.stringContaining('nowhere.invalid') })
    expect(of('certificate')?.state).toBe('not_checked')
  })
})

describe('hostile text', () => {
  it.each([
    'HTTP/1.1 302 F\r\nLocation: /\x9b2J\x85<script>\r\nServer: \x9b31m\r\n\r\n',
    'HTTP/1.1 302 \x1b[31m\r\nLocation: /\x1b]0;x\x07\r\n\r\n',
    '\x1b[2J',
  ])('is shown escaped: %j', async (answer) => {
    const hostile = createServer((socket) => {
      socket.on('error', () => {}).on('data', () => socket.end(Buffer.from(answer, 'latin1')))
    })
    await new Promise<void>((resolve) => hostile.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(hostile.address() as AddressInfo).port}/`
    const { code, stdout } = await payproof(['doctor', url, '--provider', 'caspay'])
    hostile.close()
    expect([code, stdout]).toEqual([
      1,
      expect.stringMatching(answer.startsWith('HTTP/1.1 302 F') ? /\\x9b2J[\s\S]*\\x9b31m/ : /HPE_/),
    ])
  })
})

describe('a certificate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'payproof-certificate-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  /** Serves by HTTPS with a certificate that openssl makes. */
  async function secured(days: number, host = 'localhost') {
    const [key, cert] = [join(folder, `${host}-${days}.key`), join(folder, `${host}-${days}.pem`)]
    const subject = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`]
    const make = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    execFileSync('openssl', [...make, '-keyout', key, '-out', cert, '-days', String(days), ...subject], {
      stdio: 'ignore',
    })
    const handled: unknown[] = []
    const listener = nodeWebhook(receiverOf('caspay'), (event) => handled.push(event))
    const server = createHttps({ key: readFileSync(key), cert: readFileSync(cert) }, listener)
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
    const url = `https://localhost:${(server.address() as AddressInfo).port}/hook`
    const args = ['doctor', url, '--provider', 'caspay', '--genuine']
    const trusting = { NODE_EXTRA_CA_CERTS: cert }
    const look = (env: Record<string, string>) => diagnosed(args, { CASPAY_WEBHOOK_SECRET: secret, ...env })
    return { url, look, trusting, handled, end: () => server.close() }
  }

  it('of its own making is a problem, and nothing genuine goes there', async () => {
    const { look, handled, end } = await secured(30)
    const { of } = await look({})
    end()
    expect(of('certificate')).toMatchObject({
      state: 'problem',
      seen: expect.stringContaining('DEPTH_ZERO_SELF_SIGNED'),
    })
    expect([of('forgery')?.state, of('genuine')?.state, handled.length]).toEqual(['ok', 'not_checked', 0])
  })

  it('that is not trusted ends the connection before anything genuine is sent', async () => {
    const { url, handled, end } = await secured(30)
    const { headers, body } = signDelivery('caspay', 'payment.completed', { secret })
    const sent = { headers: Object.entries(headers), body }
    const result = await exchange(new URL(url), sent, { timeoutMs: 5000, trustedOnly: true })
    const genuine = await checkGenuine(
      new URL(url),
      { plain: sent, plainId: 'evt_1', odd: sent, acknowledgement: 'OK' },
      5000,
    )
    end()
    expect([result, genuine[0]?.state, handled]).toEqual([{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'problem', []])
  })

  it('that is trusted is fine, and genuine deliveries come through', async () => {
    const { look, trusting, handled, end } = await secured(30)
    const { of, code } = await look(trusting)
    end()
    expect([of('certificate')?.state, of('genuine')?.state, handled.length, code]).toEqual(['ok', 'ok', 2, 0])
    expect(of('certificate')?.seen).toMatch(/(29|30) days left/)
  })

  it('that ends soon is a warning', async () => {
    const { look, trusting, end } = await secured(3)
    const { of } = await look(trusting)
    end()
    expect(of('certificate')?.state).toBe('warning')
  })

  it('for another host is a problem', async () => {
    const { look, trusting, end } = await secured(30, 'shop.example')
    const { of } = await look(trusting)
    end()
    expect(of('certificate')).toMatchObject({ state: 'problem', seen: expect.stringContaining('another host name') })
  })
})
