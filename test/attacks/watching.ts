/** Everything that is written to the console while something runs. */
export async function consoleDuring(act: () => Promise<unknown>): Promise<unknown[][]> {
  const methods = ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const
  const originals = methods.map((method) => console[method])
  const calls: unknown[][] = []
  for (const method of methods) console[method] = (...values: unknown[]) => void calls.push(values)
  try {
    await act()
  } finally {
    for (const [index, method] of methods.entries()) {
      const original = originals[index]
      if (original !== undefined) console[method] = original
    }
  }
  return calls
}
