import type { Shot } from './plan'
import type { Came, Transport } from './transport'

export interface Sent {
  readonly shot: Shot
  readonly came: Came
}

/** Sends one after the other, or so many at a time. Begins nothing any more once `signal` is aborted. */
export async function sendAll(
  shots: readonly Shot[],
  transport: Transport,
  { parallel, signal, onSent }: { parallel: number; signal: AbortSignal; onSent: (sent: Sent) => void },
): Promise<void> {
  signal.addEventListener('abort', transport.close, { once: true })
  let next = 0
  const work = async () => {
    while (!signal.aborted) {
      const shot = shots[next++]
      if (shot === undefined) return
      const came = await transport.send(shot.make(), shot.cut === true)
      // What was cut off by the end says nothing of the receiver.
      if (!signal.aborted || came.status !== undefined) onSent({ shot, came })
    }
  }
  await Promise.all(Array.from({ length: parallel }, work))
}
