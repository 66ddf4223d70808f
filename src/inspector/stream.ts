import { toBytes } from '../core/bytes'
import type { DeliveryLog } from './log'
import { summarize } from './present'
import type { News, PageState } from './shown'

const maxStreams = 16
/** A page that reads slower than this is let go: it connects again, and gets everything anew. */
const maxWaitingBytes = 4 * 1024 * 1024
const beatMs = 15_000

/** Tells open pages of deliveries as they come, by server-sent events. */
export function createNews(log: DeliveryLog, state: () => PageState) {
  let open = 0

  /** A stream that begins with everything there is; `undefined` where too many are open. */
  function subscribe(): ReadableStream<Uint8Array> | undefined {
    if (open >= maxStreams) return undefined
    open++
    let end = () => {}
    return new ReadableStream<Uint8Array>(
      {
        start(controller) {
          const tell = (news: News) => write(`data: ${JSON.stringify(news)}\n\n`)
          const write = (text: string) => {
            if ((controller.desiredSize ?? 0) > -maxWaitingBytes) return controller.enqueue(toBytes(text))
            end()
            controller.close()
          }
          const unsubscribe = log.subscribe((change) =>
            tell(
              change.type === 'cleared'
                ? { type: 'cleared' }
                : { type: 'delivery', delivery: summarize(change.kept), oldest: log.oldest() },
            ),
          )
          const beat = setInterval(() => write(': still here\n\n'), beatMs)
          beat.unref?.()
          end = () => {
            clearInterval(beat)
            unsubscribe()
            end = () => {}
            open--
          }
          write('retry: 1000\n\n')
          tell({ type: 'all', state: state(), deliveries: log.all().map(summarize) })
        },
        cancel: () => end(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: 64 * 1024 }),
    )
  }

  return { subscribe, open: () => open }
}
