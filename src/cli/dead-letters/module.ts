import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Handler } from '../../attempt'
import type { WebhookEvent } from '../../event'
import type { Receiver } from '../../receiver'
import { inert, UsageError } from '../terminal'

/** What a merchant's module exports. */
export interface Handling {
  readonly receiver: Pick<Receiver, 'deadLetters' | 'discard' | 'replay' | 'close'>
  /** Needed to replay alone. */
  readonly handler: Handler<WebhookEvent> | undefined
  /** Lets go of what the module holds. */
  close(): Promise<void>
}

/** Imports the module. What it throws is the merchant's to see. */
export async function loadHandling(path: string): Promise<Handling> {
  // What a handler logs is no result.
  console.log = console.info = console.debug = console.error
  const module = await imported(path)
  const found = { ...(Object(module['default']) as object), ...module } as Readonly<Record<string, unknown>>
  const { receiver, handler, close } = found
  const methods = ['deadLetters', 'discard', 'replay', 'close']
  const isReceiver = methods.every((name) => typeof (Object(receiver) as Record<string, unknown>)[name] === 'function')
  if (!isReceiver || !['function', 'undefined'].includes(typeof handler))
    throw new UsageError(
      `${inert(path, 200)} must export \`receiver\` and \`handler\`: see payproof dead-letters --help.`,
    )
  return {
    receiver: receiver as Handling['receiver'],
    handler: handler as Handling['handler'],
    async close() {
      await (receiver as Receiver).close()
      if (typeof close === 'function') await close()
    },
  }
}

async function imported(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const advice =
      code === 'ERR_UNKNOWN_FILE_EXTENSION'
        ? ' This Node runs no TypeScript: name the built JavaScript, or run through tsx.'
        : ''
    throw new UsageError(`${inert(path, 200)} cannot be imported: ${inert(String(message ?? error), 500)}${advice}`)
  }
}
