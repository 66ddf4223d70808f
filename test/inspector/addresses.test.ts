import { createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../chaos/daemon'
import { post } from '../support/server'
import { forged } from '../support/shop'
import { listening } from './desk'

describe('listen', () => {
  it.each([
    '127.0.0.1',
    'localhost',
    'LOCALHOST.',
    'shop.localhost',
    '127.1',
    '[::1]',
    '0.0.0.0',
    '[::ffff:127.0.0.1]',
  ])('does not hand on to itself as %s, nor to its page', async (name) => {
    for (const which of ['port', 'pagePort'] as const) {
      const port = await freePort()
      const forward = `http://${name}:${port}/webhooks`
      await expect(listening({ [which]: port, forward })).rejects.toThrow('where payproof listens itself')
      // And it has let both ports go.
      const { page } = await listening({ [which]: port })
      expect(page).toContain('http://127.0.0.1:')
    }
  })

  it('hands on to another port of this machine, and to this port of another one', async () => {
    const port = await freePort()
    for (const forward of [`http://127.0.0.1:${port + 1}/`, `http://shop.invalid:${port}/`]) {
      const { close, forwardsTo } = await listening({ port, forward })
      expect(forwardsTo).toBe(forward)
      await close()
    }
  })

  it('gives an address of IPv6 that can be posted to', async () => {
    const { receivesAt } = await listening({ host: '::1' })
    expect(receivesAt).toMatch(/^http:\/\/\[::1\]:\d+\/$/)
    expect((await post(receivesAt, forged())).status).toBe(401)
  })

  it.each(['192.0.2.1', 'no-such-host.invalid'])('blames the host %s, not the port', async (host) => {
    await expect(listening({ host })).rejects.toThrow(`${host} is no address of this machine`)
  })

  it.each([
    ['101', 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n', 'changed the protocol'],
    ['nothing', '', 'connection ended'],
    ['half an answer', 'HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\nabc', 'connection ended'],
  ])('waits for no app that answers %s', async (_, text, advice) => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      // The 101 holds its connection open.
      socket.once('data', () => (text.includes('101') ? socket.write(text) : socket.end(text)))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as { port: number }
    const { receivesAt, detail } = await listening({ forward: `http://127.0.0.1:${port}/` })
    const startedMs = performance.now()
    expect((await post(receivesAt, forged())).status).toBe(502)
    expect(performance.now() - startedMs).toBeLessThan(10_000)
    expect((await detail(1)).forward?.advice).toContain(advice)
  })
})
