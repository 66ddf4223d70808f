/** Before each test file: listens to every receiver and to the console, and afterwards searches what they said for secrets. */
import { afterAll, expect, vi } from 'vitest'
import type { Outcome, ReceiverOptions, Report, WebhookEvent } from '../../src'
import type * as Receivers from '../../src/receiver'
import { findLeaks, rememberText, writeCount } from './said'

vi.mock('../../src/receiver', async (importOriginal) => {
  const original = await importOriginal<typeof Receivers>()
  return { ...original, createReceiver: overheard(original.createReceiver) }
})

function overheard(create: typeof Receivers.createReceiver): typeof Receivers.createReceiver {
  return (options) => {
    const receiver = create({ ...options, ...listening(options) })
    return {
      ...receiver,
      async verify(request) {
        return receiver.verify(request).catch((error: unknown) => {
          rememberText(error)
          throw error
        })
      },
      async receive(request, handler) {
        return overheardOutcome(await receiver.receive(request, handler))
      },
      async replay(letter, handler) {
        return overheardOutcome(await receiver.replay(letter, handler))
      },
    }
  }
}

function overheardOutcome<Event extends WebhookEvent>(outcome: Outcome<Event>): Outcome<Event> {
  if ('error' in outcome) rememberText(outcome.error)
  rememberText(outcome.reply)
  return outcome
}

/** The reports too, where somebody observes; otherwise they reach the console. */
function listening({ observe }: Pick<ReceiverOptions<never>, 'observe'>): Pick<ReceiverOptions<never>, 'observe'> {
  if (observe === undefined) return {}
  const overhear = (report: Report) => rememberText({ ...report, durationMs: 0 })
  return { observe: [overhear, ...(Array.isArray(observe) ? observe : [observe])] }
}

for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
  const write = console[method].bind(console)
  console[method] = (...values: unknown[]) => {
    for (const value of values) rememberText(value)
    write(...values)
  }
}

afterAll(() => {
  const { hits, count } = findLeaks()
  writeCount(count)
  expect(hits, 'secrets or right signatures in what was said').toEqual([])
})
