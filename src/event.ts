/** How far an event can be trusted. */
export interface Proof {
  /** What proves the origin: a signature, a token that travels in the body, or the provider's own API. */
  readonly by: 'signature' | 'token' | 'api'
  /** Whether the proof covers every byte of the body. Where it does not, whoever holds the token can write any body. */
  readonly coversBody: boolean
  /**
   * Whether the event's time is proven: `signed` with the body, `confirmed` by the provider's API,
   * `unsigned` (somebody said so), or `none`.
   */
  readonly timestamp: 'signed' | 'confirmed' | 'unsigned' | 'none'
  /** Which of the configured secrets matched, by its `id`. */
  readonly secretId?: string
  /** The provider's environment that it is from, where the delivery or the secret's settings say so. */
  readonly mode?: 'test' | 'live'
}

/** An exact amount in whole units of its currency. */
export interface Amount {
  /** A decimal string without exponent or trailing zeros, such as `150.5`. */
  readonly value: string
  /** Upper-case code as the provider uses it, such as `KAS`, `XRP`, `USD`. */
  readonly currency: string
}

export type PaymentOutcome = 'pending' | 'succeeded' | 'failed' | 'expired' | 'canceled' | 'refunded' | 'review'

/** What happened to a payment, in the same words for every provider. */
export interface Payment {
  /** Only `succeeded` means: fulfil. `review` means that a person has to decide. */
  readonly outcome: PaymentOutcome
  /** The provider's id of the payment. */
  readonly paymentId: string
  /** The merchant's id of the order, where the provider passes it on. */
  readonly orderId?: string
  /** Left out where the provider does not say the unit or the currency. */
  readonly amount?: Amount
  readonly transactionHash?: string
  readonly payer?: string
}

/** A verified delivery. `type` is the provider's own word; `data` is typed by it. */
export interface WebhookEvent<
  ProviderName extends string = string,
  Type extends string = string,
  Data = unknown,
  Form extends string = string,
> {
  readonly provider: ProviderName
  /** The provider's word for what happened, or `unknown` for a word this version does not know yet. */
  readonly type: Type
  /** The word as it came over the wire, also when `type` is `unknown`. */
  readonly wireType: string
  /** Which of the provider's body forms this was. */
  readonly form: Form
  /** The provider's id of the event; where it sends none, the parts that make it one, or a hash of the body. */
  readonly id: string
  /** What "the same event" means: equal for every delivery of it. Made from proven data only. */
  readonly idempotencyKey: string
  /** When the event happened, where the provider says so. */
  readonly occurredAt?: Date
  /** As it was sent. */
  readonly data: Data
  readonly payment?: Payment
  readonly proof: Proof
  /** The body exactly as it was received. Not enumerable, so that a logged event does not hold it. */
  readonly rawBody: Uint8Array
}

/** A `WebhookEvent`. Its body is no field: whoever logs, copies or serialises an event has no body or token in it. */
export class ProvenEvent implements WebhookEvent {
  readonly provider: string
  readonly wireType: string
  readonly form: string
  readonly id: string
  readonly idempotencyKey: string
  declare readonly occurredAt?: Date
  readonly type: string
  readonly data: unknown
  declare readonly payment?: Payment
  readonly proof: Proof
  readonly #received: Uint8Array
  #rawBody: Uint8Array | undefined

  constructor(fields: Omit<WebhookEvent, 'rawBody'>, rawBody: Uint8Array) {
    this.provider = fields.provider
    this.wireType = fields.wireType
    this.form = fields.form
    this.id = fields.id
    this.idempotencyKey = fields.idempotencyKey
    if (fields.occurredAt !== undefined) this.occurredAt = fields.occurredAt
    this.type = fields.type
    this.data = fields.data
    if (fields.payment !== undefined) this.payment = fields.payment
    this.proof = fields.proof
    this.#received = rawBody
  }

  /** A copy: what is done to it changes neither a dead letter nor what others see. */
  get rawBody(): Uint8Array {
    this.#rawBody ??= Uint8Array.prototype.slice.call(this.#received)
    return this.#rawBody
  }
}
