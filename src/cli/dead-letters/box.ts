import { isId } from '../../core/ids'
import type { DeadLetter } from '../../dead-letters'
import { WebhookError } from '../../errors'
import type { WebhookEvent } from '../../event'
import { keyOf } from '../../handling'
import type { Report } from '../../observe'
import type { Provider } from '../../providers/provider'
import { createReceiver, type Receiver } from '../../receiver'
import type { Letters } from '../../stores/store'
import { readStoreAddress, type StoreAddress } from '../stores/address'
import { DriverMissing } from '../stores/driver'
import { failureOf } from '../stores/failure'
import { type OpenStore, openStore } from '../stores/open'
import { inert, type Terminal, UsageError } from '../terminal'
import { type Handling, loadHandling } from './module'

export interface BoxOptions {
  readonly provider?: string
  readonly account?: string
  readonly store?: string
  readonly table: string
  readonly prefix: string
  readonly module?: string
}

/** The dead letters of one provider and account, and what to do with them. */
export interface LetterBox {
  readonly receiver: Pick<Receiver, 'deadLetters' | 'discard'>
  /** The merchant's own receiver and handler, where `--module` gave them. */
  readonly handling?: Handling
  /** Whether the letter is still kept, also while somebody handles it; left out where only the module knows the store. */
  readonly has?: (id: string) => Promise<boolean>
  close(): Promise<void>
}

const storeTimeoutMs = 10_000

/** The letters of the module's receiver, or of a store that is opened here. */
export async function openBox(terminal: Terminal, options: BoxOptions): Promise<LetterBox> {
  if (options.module !== undefined) {
    const handling = await loadHandling(options.module)
    return { receiver: handling.receiver, handling, close: handling.close }
  }
  const { provider, account } = options
  if (provider === undefined)
    throw new UsageError('--provider is needed: whose letters? Or give --module, with your receiver and handler.')
  const address = readStoreAddress(terminal, options.store)
  if (address === undefined)
    throw new UsageError('--store is needed, or PAYPROOF_STORE in the environment: where are the letters kept?')
  return boxOf(terminal, await opened(address, options), provider, account)
}

/** Opens the store, and sees that there is something to read: a store of SQLite would make its table. */
async function opened(address: StoreAddress, { table, prefix }: BoxOptions): Promise<OpenStore> {
  try {
    const open = await openStore(address, { table, prefix, timeoutMs: storeTimeoutMs })
    if (open.schemaProbe !== undefined) await open.ask(open.schemaProbe)
    return open
  } catch (error) {
    if (error instanceof DriverMissing) throw new UsageError(inert(error.message))
    throw new Error(`The letters in ${address.shown} cannot be read: ${failureOf(error)}`)
  }
}

function boxOf(terminal: Terminal, open: OpenStore, name: string, account: string | undefined): LetterBox {
  const store = open.store()
  const provider = nameOnly(name)
  const observe = (report: Report) => {
    if (report.type !== 'dead_letter_failed') return
    terminal.note(
      `The letter ${inert(report.idempotencyKey, 256)} cannot be read: it is none of payproof's, or broken.`,
    )
    terminal.fail()
  }
  const receiver = createReceiver({
    provider,
    store,
    storeTimeoutMs,
    observe,
    ...(account === undefined ? {} : { account }),
  })
  const keyed = (id: string) => keyOf({ provider, account: account ?? '' }, id)
  return {
    receiver,
    has: async (id) => isId(id) && (await (store.letters as Letters).get(keyed(id))) !== undefined,
    close: open.close,
  }
}

/** Enough of a provider to find its letters: reading and dropping them takes no secret. */
function nameOnly(name: string): Provider<WebhookEvent> {
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(name)) throw new UsageError(`${inert(name, 40)} is no provider's name.`)
  return {
    name,
    acknowledgement: { contentType: 'text/plain', body: '' },
    retryHorizonSeconds: 0,
    headers: [],
    verify: () => Promise.reject(new WebhookError('configuration_invalid', 'This receiver only reads letters.')),
  }
}

/** The letter by that id, unless somebody is handling it. */
export async function findLetter({ receiver }: LetterBox, id: string): Promise<DeadLetter | undefined> {
  for await (const letter of receiver.deadLetters()) if (letter.id === id) return letter
  return undefined
}
