import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type Running, raw } from '../support/server'
import { createShop } from '../support/shop'
import { describeVectors, readJsonVector } from '../support/vectors'
import { hosts } from './hosts'

interface RawRequest {
  title: string
  meta: { type: string }
  error: string | null
  base64: string
}

const nodeHosts = hosts.filter(({ name }) => !name.startsWith('lambda'))

describeVectors('raw HTTP requests that must be refused', () => {
  const { cases } = readJsonVector<{ cases: RawRequest[] }>('llhttp/requests.json')
  const malformed = cases.filter(({ meta, error }) => meta.type === 'request' && error !== null)
  const servers = new Map<string, { server: Running; handler: ReturnType<typeof vi.fn>; reports: unknown[] }>()

  beforeAll(async () => {
    for (const host of nodeHosts) {
      const { receiver, reports } = createShop({ bodyTimeoutMs: 200 })
      const handler = vi.fn()
      servers.set(host.name, { server: await host.listen({ receiver, handler }), handler, reports })
    }
  })
  afterAll(async () => {
    for (const { server } of servers.values()) await server.close()
  })

  it('there are 45 of them', () => expect(malformed.length).toBe(45))

  it.each(nodeHosts.map(({ name }) => name))(
    '%s: none reaches a handler, none is answered with success',
    async (name) => {
      const { server, handler, reports } = servers.get(name) ?? expect.unreachable()
      const answers = await Promise.all(
        malformed.map(({ base64 }) => raw(server.port, [Buffer.from(base64, 'base64')], { waitMs: 400 })),
      )
      expect(handler).not.toHaveBeenCalled()
      for (const [index, answer] of answers.entries()) {
        expect([malformed[index]?.title, /^HTTP\/1\.1 2/.test(answer)]).toEqual([malformed[index]?.title, false])
      }
      // 404 or 405 where route or method is refused before the body turns out to be malformed.
      expect(answers.filter((answer) => !/^HTTP\/1\.1 40[045] /.test(answer))).toEqual([])
      expect(reports.filter((report) => (report as { outcome: string }).outcome === 'processed')).toEqual([])
    },
  )
})
