import { type Context, context, ROOT_CONTEXT } from '@opentelemetry/api'

/** What an SDK makes of it, or nothing where it throws: no delivery fares differently for being watched. */
export function quietly<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch {
    return undefined
  }
}

export function activeContext(): Context {
  return quietly(() => context.active()) ?? ROOT_CONTEXT
}

/** Runs it once with this context as the active one, whatever the context manager does about it. */
export function runIn<T>(where: Context, run: () => T): T {
  let ran: (() => T) | undefined
  const once = () => {
    ran ??= settled(run)
    return ran
  }
  quietly(() => context.with(where, once))
  return once()()
}

/** Gives what it returned, or throws what it threw: an SDK in between gets to see neither. */
function settled<T>(run: () => T): () => T {
  try {
    const value = run()
    return () => value
  } catch (error) {
    return () => {
      throw error
    }
  }
}
