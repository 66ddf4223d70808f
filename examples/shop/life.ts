/** Says to whoever started this process that it is ready, and ends it in order when it is told to. */
export function live(end: () => Promise<unknown>): void {
  let ending = false
  const begin = () => {
    if (ending) return
    ending = true
    end().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
  }
  process.once('SIGTERM', begin).once('SIGINT', begin)
  // Who started it is gone: nobody else would end it.
  process.once('disconnect', begin)
  process.send?.('ready')
}
