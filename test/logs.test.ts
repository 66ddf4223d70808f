import { Writable } from 'node:stream'
import pino from 'pino'
import { describe, expect, it, vi } from 'vitest'
import { logTo } from '../src'
import { thrown } from './support/errors'
import { createShop, forged, genuine } from './support/shop'

function pinoTo(lines: Record<string, unknown>[]) {
  const write = (chunk: Buffer, _encoding: string, done: () => void) => {
    lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>)
    done()
  }
  return pino({ level: 'debug', base: null, timestamp: false }, new Writable({ write }))
}

const levels = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' } as const

function open(options = {}) {
  const lines: Record<string, unknown>[] = []
  const { receiver } = createShop({ ...options, observe: logTo(pinoTo(lines)) })
  return { receiver, lines, said: () => lines.map(({ level, msg }) => `${levels[level as 20]} ${msg}`) }
}

describe('logTo', () => {
  it('writes each outcome at its level, with what is known of it', async () => {
    const { receiver, lines, said } = open({ maxAttempts: 2 })
    await receiver.receive(genuine(), () => {})
    await receiver.receive(genuine(), () => {})
    await receiver.receive(forged(), () => {})
    for (let i = 0; i < 2; i++) await receiver.receive(genuine('evt_2'), () => Promise.reject(new Error('no stock')))
    expect(said()).toEqual([
      'info payproof: processed',
      'debug payproof: duplicate',
      'warn payproof: rejected',
      'error payproof: failed',
      'error payproof: dead_letter',
    ])
    expect(lines[0]).toEqual({
      level: 30,
      msg: 'payproof: processed',
      provider: 'caspay',
      account: '',
      operation: 'receive',
      outcome: 'processed',
      status: 200,
      durationMs: expect.any(Number),
      eventType: 'payment.completed',
      wireType: 'payment.completed',
      idempotencyKey: 'evt_1',
      secretId: 'secret-1',
    })
    expect(lines[3]).toMatchObject({ code: 'handler_failed', err: { type: 'Error', message: 'no stock' } })
  })

  it('writes what anybody can cause once a minute per reason, and what needs a person always', async () => {
    const { receiver, said } = open()
    const fails = () => Promise.reject(new Error('no stock'))
    for (let i = 0; i < 3; i++) await receiver.receive(forged(), () => {})
    for (let i = 0; i < 3; i++) await receiver.receive({ ...forged(), method: 'GET' }, () => {})
    for (let i = 0; i < 3; i++) await receiver.receive(genuine(), fails)
    const failed = 'error payproof: failed'
    expect(said()).toEqual(['warn payproof: rejected', 'warn payproof: misuse', failed, failed, failed])
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 61_000)
    await receiver.receive(forged(), () => {})
    vi.restoreAllMocks()
    expect(said().at(-1)).toBe('warn payproof: rejected')
  })

  it('hides no reason of a receiver behind the same of another, or of its jobs', async () => {
    const lines: Record<string, unknown>[] = []
    const observe = logTo(pinoTo(lines))
    const accounts = ['eu', 'us'].map((account) => createShop({ account, observe }).receiver)
    for (const receiver of accounts) await receiver.receive(forged(), () => {})
    await accounts[0]?.verify(forged()).catch(() => {})
    expect(lines.map(({ account, operation }) => `${account} ${operation}`)).toEqual([
      'eu receive',
      'us receive',
      'eu verify',
    ])
  })

  it('writes what became of a claim as an error', async () => {
    const { receiver, said } = open({ onDeadLetter: () => Promise.reject(new Error('disk full')) })
    await receiver.receive(genuine(), () => Promise.reject(new Error('no stock')))
    expect(said()).toContain('error payproof: dead_letter_failed')
  })

  it('takes a logger that knows no debug, calls it as its own, and does not hand it the body', async () => {
    const lines: [string, boolean][] = []
    class Plain {
      readonly lines = lines
      info(fields: object, message: string) {
        this.lines.push([message, 'rawBody' in fields])
      }
      warn = this.info
      error = this.info
    }
    const { receiver } = createShop({ observe: logTo(new Plain()) })
    await receiver.receive(genuine(), () => {})
    await receiver.receive(genuine(), () => {})
    expect(lines).toEqual([['payproof: processed', false]])
  })
})

describe('several observers', () => {
  it('are all told, also after one that throws', async () => {
    const told: string[] = []
    const throws = () => {
      throw new Error('no disk')
    }
    const rejects = () => Promise.reject(new Error('no net'))
    const { receiver } = createShop({ observe: [throws, rejects, ({ type }) => told.push(type)] })
    await receiver.receive(genuine(), () => {})
    expect(told).toEqual(['delivery'])
  })

  it('must be functions', () => {
    expect(thrown(() => createShop({ observe: [() => {}, 7 as never] })).hint).toContain('list of functions')
  })
})
