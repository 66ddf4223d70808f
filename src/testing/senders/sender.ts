import { createMacKey } from '#hmac'
import { encodeHex, toBytes } from '../../core/bytes'
import { misconfigured } from '../../errors'
import type { WebhookEvent } from '../../event'
import type { Provider } from '../../providers/provider'

/** Something a provider is configured with, and where the command line looks for it. */
export interface Setting {
  /** As the provider's own settings call it. */
  readonly name: string
  /** The environment variable. */
  readonly variable: string
  /** Never an argument, never shown. */
  readonly secret: boolean
  /** `one`: exactly one of those marked so, the first by default. `always`: nothing works without. */
  readonly needed?: 'one' | 'always'
}

/** By the name of the setting; secrets may be several, the newest first. */
export type SettingValues = Readonly<Record<string, string | readonly string[] | undefined>>

/** One event on its way out. */
export interface Occasion<Options> {
  readonly type: string
  readonly data: object
  /** What makes it this event and no other. */
  readonly id: string
  /** When it happened, by the sender's clock. */
  readonly eventAt: Date
  /** When this attempt is made, by the sender's clock. */
  readonly attemptAt: Date
  readonly options: Options
}

/** One shape of bodies, as its sender makes them. */
export interface SentForm<Options> {
  /** By event type: realistic data for an event of that serial. */
  readonly samples: Readonly<Record<string, (serial: string) => object>>
  /** Where in the data the event's id stands, where the envelope has no place for it. */
  readonly idField?: string
  newId?(): string
  /** What stands where the proof should, so that no receiver can verify it, in words. */
  readonly unverifiable?: string
  /** Whether a payload that was handed in has this form; the first that says so is taken. */
  matches?(payload: object): boolean
  payload(occasion: Occasion<Options>): object
  /** Puts into a payload what proves it, for those who prove by the body. */
  seal?(payload: object, options: Options): object
  headers(body: string, payload: object, occasion: Pick<Occasion<Options>, 'attemptAt' | 'options'>): Headers
}

type Headers = Readonly<Record<string, string>>

/** What a provider's API says when it is asked about a payment. */
export interface SentApi {
  /** The setting that says where the API is. */
  readonly urlSetting: string
  /** Prefix of that URL's path. */
  readonly path: string
  /** Finds the payment's id in a path. */
  readonly route: RegExp
  /** The setting with which a receiver asks; nothing where the API is always asked. */
  readonly keySetting?: string
  readonly keyHeader?: string
  /** Which payment a delivery is about, and what the API says of it: what the delivery says, where nothing is changed. */
  confirm(payload: Readonly<Record<string, unknown>>, changes: object): { readonly id: string; readonly answer: object }
}

/** How a provider's deliveries are made, and how a receiver of them is configured. */
export interface Sender<
  Options = object,
  Forms extends Readonly<Record<string, SentForm<Options>>> = Readonly<Record<string, SentForm<Options>>>,
> {
  readonly name: string
  /** As the provider writes its own name. */
  readonly title: string
  readonly settings: readonly Setting[]
  /** By the name of the form; the first that has an event type is the one it is sent in. */
  readonly forms: Forms
  /** The event that is sent where none is named. */
  readonly usualEvent: string
  readonly api?: SentApi
  /** It gives up on an answer that takes longer, where that is known. */
  readonly givesUpAfterSeconds?: number
  /** The receiving side. `fetch` stands for the network, where an API confirms. */
  createProvider(values: SettingValues, fetch?: typeof globalThis.fetch): Provider
}

/** Realistic data for every known event type of a form, checked against what the receiver reads. */
export type Samples<Event extends WebhookEvent, Form extends string> = {
  readonly [T in Extract<Event, { form: Form }>['type'] as T extends 'unknown' ? never : T]: (
    serial: string,
  ) => Extract<Event, { form: Form; type: T }>['data'] & object
}

/** One secret, or several while rotating: signed with the newest, or with each where the header takes several. */
export type SigningSecret = string | readonly string[]

export const unixSeconds = (at: Date): number => Math.floor(at.getTime() / 1000)
export const jsonType = { 'Content-Type': 'application/json' } as const

/** The hex HMAC-SHA256 of a text. */
export function hexHmac(secret: string, content: string): string {
  return encodeHex(createMacKey(toBytes(secret)).sign(toBytes(content)))
}

/** The newest first. A test may sign with any secret, but not with none. */
export function secretsOf(setting: string, secret: SigningSecret | undefined): readonly [string, ...string[]] {
  const [first, ...others] = typeof secret === 'string' ? [secret] : (secret ?? [])
  if (typeof first !== 'string' || first === '')
    throw misconfigured(setting, 'is missing: what is it to be signed with?')
  return [first, ...others]
}
