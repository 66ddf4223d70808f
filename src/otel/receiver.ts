import { createReceiver, isWebhookError, type Receiver, type ReceiverOptions, type WebhookEvent } from '../index'
import { isQueuedJob } from '../job'
import { logProblems } from '../logs'
import { parseOptions } from '../options'
import { kindOf } from '../outcome'
import { aboutReceiver } from './about'
import { placeOf } from './carry'
import { WatchedDelivery } from './delivery'
import { beginAtNought, countReports } from './reports'
import { watchStore } from './store'
import { type Telemetry, Watch } from './watch'

/**
 * `createReceiver`, seen by OpenTelemetry: a span for each delivery with the handler's beneath it, spans and times of the store's calls, and
 * counts of what became of everything. Answers and handles the same, whatever the SDK does, and costs next to nothing without one.
 */
export function createInstrumentedReceiver<Event extends WebhookEvent, Tx = undefined>(
  options: ReceiverOptions<Event, Tx>,
  telemetry: Telemetry = {},
): Receiver<Event, Tx> {
  const { provider, account, storeTimeoutMs } = parseOptions(options)
  const about = aboutReceiver(provider.name, account)
  const watch = new Watch(telemetry, (instruments) => beginAtNought(instruments, about))
  const { observe = logProblems() } = options
  const counting = countReports(watch, about, provider.retryHorizonSeconds === 0)
  // From the start, where an SDK is there already.
  void watch.instruments
  const receiver = createReceiver({
    ...options,
    store: watchStore(options.store, watch, about, storeTimeoutMs),
    observe: [counting, ...(typeof observe === 'function' ? [observe] : observe)],
  })

  async function eventOf(delivery: WatchedDelivery, work: () => Promise<Event>): Promise<Event> {
    try {
      const event = await delivery.run(work)
      delivery.end('verified', event)
      return event
    } catch (error) {
      const code = isWebhookError(error) ? error.code : 'internal_error'
      delivery.end(kindOf(code), undefined, code)
      throw error
    }
  }

  return {
    ...receiver,
    verify(request) {
      return eventOf(new WatchedDelivery(watch, about, 'verify'), () => receiver.verify(request))
    },
    decode(data) {
      return eventOf(new WatchedDelivery(watch, about, 'decode', placeOf(data)), () => receiver.decode(data))
    },
    async receive(request, handler) {
      const delivery = new WatchedDelivery(watch, about, 'receive')
      return delivery.endWith(await delivery.run(() => receiver.receive(request, delivery.handler(handler))))
    },
    async replay(letter, handler) {
      const place = isQueuedJob(letter) ? placeOf(letter.data) : undefined
      const delivery = new WatchedDelivery(watch, about, 'replay', place)
      return delivery.endWith(await delivery.run(() => receiver.replay(letter, delivery.handler(handler))))
    },
  }
}
