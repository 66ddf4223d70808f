const queue = Symbol.for('payproof.queue')

/**
 * A job's data as taken from this queue: `receiver.replay` handles it once per queue, under a key of its own. The receiver that
 * put it there has completed the event's own key, maybe in the same store.
 */
export function fromQueue<Data>(name: string, data: Data): Data {
  // A symbol, because nothing that is in a queue may say so.
  return { ...data, [queue]: name }
}

/** The queue that data was taken from, where it says so. */
export function queueOf(data: unknown): string | undefined {
  return (data as { [queue]?: string } | undefined)?.[queue]
}
