import type { RequestListener } from 'node:http'
import express from 'express'
import { describe, expect, it } from 'vitest'
import { expressWebhook } from '../../adapters/express'
import { nodeWebhook } from '../../adapters/node'
import type { WebhookEvent } from '../../src'
import { type ProviderName, senderByName } from '../../src/testing/senders'
import { payproof } from '../support/command'
import { at, examine, receiverOf, secret } from './examine'

const healthy = (events: WebhookEvent[] = []) => nodeWebhook(receiverOf('caspay'), (event) => events.push(event))

describe('a healthy endpoint', () => {
  it('of Express has no problem, and its handler sees a type that it does not know', async () => {
    const events: WebhookEvent[] = []
    const app = express()
    app.post(
      '/hook',
      expressWebhook(receiverOf('caspay'), (event) => events.push(event)),
    )
    app.use(express.json())
    const { checks } = await examine(await at(app), '--genuine')
    expect(checks.filter(({ state }) => state !== 'ok').map(({ name }) => name)).toEqual(['certificate'])
    expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining(['forgery', 'limit', 'clock', 'bytes']))
    expect(events.map(({ type, wireType }) => `${type} ${wireType}`)).toEqual(Array(2).fill('unknown payproof.doctor'))
    expect(JSON.stringify(events)).not.toContain('order_456')
  })

  it('is not sent anything genuine unasked', async () => {
    const events: WebhookEvent[] = []
    expect((await examine(await at(healthy(events)))).of('genuine')?.state).toBe('not_checked')
    expect(events).toEqual([])
  })

  it.each(Object.keys(senderByName) as ProviderName[])('of %s has no problem', async (name) => {
    const variables = Object.fromEntries(
      senderByName[name].settings.map(({ variable, name }) => [
        variable,
        name === 'token' || name === 'secret' ? secret : '',
      ]),
    )
    const events: WebhookEvent[] = []
    const url = await at(nodeWebhook(receiverOf(name), (event) => events.push(event)))
    const args = [
      'doctor',
      url,
      '--provider',
      name,
      '--genuine',
      ...(name === 'kasperopay' ? ['--set', 'merchantId=kpm_abc123'] : []),
    ]
    const { code, stdout } = await payproof(args, { env: variables })
    expect([stdout, code]).toEqual([expect.stringMatching(/No problems/), 0])
    expect(events.map(({ type }) => type)).toEqual(name === 'kasperopay' ? [] : ['unknown', 'unknown'])
  })
})

describe('a fault before the handler', () => {
  it.each<[string, string, RequestListener, RegExp]>([
    [
      'redirect',
      'a redirect',
      (_, res) => res.writeHead(308, { location: 'https://www.shop.example/hook' }).end(),
      /www\.shop\.example/,
    ],
    ['access', 'a log-in', (_, res) => res.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end(), /Exempt/],
    ['access', 'a firewall', (_, res) => res.writeHead(403).end(), /Exempt/],
    ['access', 'a challenge', (_, res) => res.writeHead(403, { 'cf-mitigated': 'challenge' }).end(), /Exempt/],
    [
      'access',
      'a log-in page',
      (_, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<form><input type="password">'),
      /Exempt/,
    ],
    ['access', 'a rate limit', (_, res) => res.writeHead(429).end(), /limit/],
    ['route', 'another method', (_, res) => res.writeHead(405, { allow: 'GET' }).end(), /post/],
    ['route', 'another path', (_, res) => res.writeHead(404).end(), /path/],
    [
      'route',
      "an app's page",
      (_, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>'),
      /Mount/,
    ],
    ['handler', 'a gateway without an app', (_, res) => res.writeHead(502).end(), /proxy/],
    ['handler', 'a failing app', (_, res) => res.writeHead(500).end('oops'), /log/],
    ['forgery', 'no verification', (_, res) => res.writeHead(200).end('OK'), /Verify/],
  ])('is found by %s: %s', async (name, _, listener, advice) => {
    const { of, checks } = await examine(await at(listener), '--genuine')
    expect(of(name)).toMatchObject({ state: 'problem' })
    expect(`${of(name)?.advice}${of(name)?.seen}`).toMatch(advice)
    expect(checks.filter(({ state }) => state === 'problem')).toHaveLength(1)
    expect(of('genuine')?.state).toBe('not_checked')
  })

  it('is not confused with a 401 that is not ours', async () => {
    const { of } = await examine(await at((_, res) => res.writeHead(401).end('Unauthorized')))
    expect(of('forgery')?.state).toBe('warning')
  })

  it('is a missing slash', async () => {
    const app = express().enable('strict routing')
    app.post(
      '/hook/',
      expressWebhook(receiverOf('caspay'), () => {}),
    )
    expect((await examine(await at(app))).of('route')?.seen).toMatch(/\/hook\/` does answer/)
  })

  it('is a body parser', async () => {
    const app = express()
    app.use(express.json())
    app.post(
      '/hook',
      expressWebhook(receiverOf('caspay'), () => {}),
    )
    expect((await examine(await at(app))).of('handler')).toMatchObject({
      state: 'problem',
      advice: expect.stringContaining('express.json'),
    })
  })

  it('is a handler that fails at what it does not know, and is told which letter that leaves', async () => {
    const receiver = receiverOf('caspay')
    const { of } = await examine(
      await at(nodeWebhook(receiver, () => Promise.reject(new Error('no such type')))),
      '--genuine',
    )
    const left: string[] = []
    for await (const { id } of receiver.deadLetters()) left.push(id)
    expect(left).toHaveLength(1)
    const [, id] = /(payproof-doctor-[\w-]+)/.exec(of('genuine')?.advice ?? '') ?? []
    expect([of('genuine')?.state, left[0]]).toEqual(['problem', expect.stringContaining(id ?? 'none')])
  })

  it('is silence', async () => {
    const started = performance.now()
    expect((await examine(await at(() => {}), '--timeout', '1')).of('answer')?.seen).toContain('within 1 s')
    expect(performance.now() - started).toBeLessThan(20_000)
  })
})
