const graceMs = 500

/** Ends the process shortly, if something that was opened for a command would keep it for ever; else it ends by itself. */
export function letProcessEnd(): void {
  setTimeout(() => process.exit(), graceMs).unref()
}
