/** What the page is told: plain data, with secrets cut out. Bodies and headers in it are somebody else's text. */

/** What the receiver made of a delivery's proof: `unchecked` where it did not come to that. */
export type Verdict = 'pending' | 'verified' | 'refused' | 'unchecked'

/** One line of the list. */
export interface Summary {
  readonly number: number
  readonly receivedAtMs: number
  readonly provider: string
  readonly verdict: Verdict
  /** The receiver's word for what became of it; `forwarded` or `forward_failed` where it was handed on. */
  readonly outcome?: string
  /** The HTTP status of the answer. */
  readonly answered?: number
  /** Whether the answer says that the delivery was taken. */
  readonly accepted?: boolean
  readonly code?: string
  readonly wireType?: string
  readonly eventId?: string
  /** Equal for deliveries of one event; only of proven ones. */
  readonly eventKey?: string
  /** The first digits of the body's SHA-256: equal for the same bytes. */
  readonly bodyHash?: string
  readonly bodyBytes?: number
  /** `150.5 KAS`, the order and the payment: to be searched. */
  readonly about: readonly string[]
  readonly durationMs?: number
  /** The delivery that this one sends again, and how. */
  readonly again?: Again
}

export interface Again {
  readonly of: number
  readonly how: 'as it was' | 'signed anew'
  readonly changed: boolean
}

/** Text that is shown: cut to what a page can hold. */
export interface ShownText {
  readonly text: string
  /** How many bytes there are in all. */
  readonly bytes: number
  readonly cut: boolean
  /** `hex` where the bytes are no UTF-8. */
  readonly as: 'text' | 'hex'
  /** Whether a secret was replaced in it. */
  readonly hidden: boolean
}

export type Pairs = readonly (readonly [string, string])[]

export interface Step {
  readonly what: string
  readonly afterMs: number
}

export interface ShownAnswer {
  readonly status: number
  readonly headers: Pairs
  readonly body: ShownText
}

/** Everything about one delivery. */
export interface Detail {
  readonly summary: Summary
  readonly method?: string
  readonly path?: string
  readonly headers: Pairs
  /** Left out where the body was not read, or not kept. */
  readonly body?: ShownText
  readonly bodyMissing?: string
  /** Name and value, as text. */
  readonly facts: Pairs
  readonly event?: ShownText
  readonly hint?: string
  readonly diagnosis?: {
    readonly cause: string
    readonly sentence: string
    readonly secretId?: string
    readonly fingerprint?: string
  }
  readonly steps: readonly Step[]
  readonly thrown?: ShownText
  readonly answer?: ShownAnswer
  readonly forward?: { readonly to: string; readonly problem?: string; readonly advice?: string }
  /** What can be done with it, and what is in the way. */
  readonly resend: { readonly asItWas: boolean; readonly anew: boolean; readonly why?: string }
}

export interface PageState {
  readonly title: string
  /** Where deliveries are received, and handed on to. */
  readonly receivesAt?: string
  readonly forwardsTo?: string
  /** A command that sends a delivery, and the one that starts all this. */
  readonly sendCommand?: string
  readonly startCommand?: string
  readonly mostDeliveries: number
}

/** What comes over the stream. */
export type News =
  | { readonly type: 'all'; readonly state: PageState; readonly deliveries: readonly Summary[] }
  | { readonly type: 'delivery'; readonly delivery: Summary; readonly oldest: number }
  | { readonly type: 'cleared' }

/** What the page asks to be sent again. */
export interface ResendOrder {
  readonly how: Again['how']
  /** Left out: the body as it was. */
  readonly body?: string
}
