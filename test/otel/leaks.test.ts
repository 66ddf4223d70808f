import { afterEach, describe, expect, it } from 'vitest'
import { createReceiver, type Logger, logTo } from '../../src'
import { createInstrumentedReceiver } from '../../src/otel'
import { rememberText } from '../support/said'
import { genuine, secret, until } from '../support/shop'
import { type CreateReceiver, perform } from './perform'
import { payload, plays } from './plays'
import { startSdk, stopSdk } from './sdk'
import { storePlays } from './store-plays'

afterEach(stopSdk)

const signature = genuine().headers[0]?.[1] ?? ''

/** What stands in the deliveries of the plays, and is nobody's business. */
const needles = { payload, secret, signature, order: 'o_1', event: 'evt_1', amount: '1000000000', header: 'X-CasPay' }

function found(text: string): string[] {
  // Times may end in the digits of the amount, such as 0.21000000000003638.
  const withoutTimes = text.replaceAll(/\d+\.\d+/g, '')
  return Object.entries(needles).flatMap(([what, needle]) =>
    (what === 'amount' ? withoutTimes : text).includes(needle) ? [what] : [],
  )
}

const create: CreateReceiver = (options) => createInstrumentedReceiver(options)

describe('no span and no measurement holds anything of a delivery', () => {
  it.each([...plays, ...storePlays])('$name', async (play) => {
    const sdk = startSdk()
    await perform(create, play)
    await until(() => sdk.spans().length > 0)
    expect(found(JSON.stringify([sdk.spans(), await sdk.measured()]))).toEqual([])
  })

  it('by a search that finds', () => {
    for (const [what, needle] of Object.entries(needles)) expect(found(`…${needle}…`)).toContain(what)
  })
})

describe('no line of a log holds anything of a delivery but its id and its type', () => {
  /** Where the type of the event is one that was made up, and where the merchant's own error says it. */
  const saidByOthers = ['of an unknown type', 'queue down']

  it.each([...plays, ...storePlays])('$name', async (play) => {
    const lines: string[] = []
    const write = (fields: object, message: string) => {
      // What a handler threw is its own.
      const { err: _, ...said } = { err: undefined, ...fields }
      const line = JSON.stringify([said, message])
      rememberText(line)
      lines.push(line)
    }
    const logger: Logger = { debug: write, info: write, warn: write, error: write }
    await perform((options) => createReceiver({ ...options, observe: logTo(logger) }), play)
    const allowed = ['event', ...(saidByOthers.includes(play.name) ? ['payload'] : [])]
    expect(lines.flatMap(found).filter((what) => !allowed.includes(what))).toEqual([])
  })
})
