import { WebhookError, type WebhookErrorCode } from '../errors'
import { type Awaitable, andThen } from './awaitable'

/** Why something is refused, as a value. Strangers cause many: an error, made and thrown, costs more than all that led to it. */
export class Refusal {
  readonly code: WebhookErrorCode
  readonly hint: string

  constructor(code: WebhookErrorCode, hint: string) {
    this.code = code
    this.hint = hint
  }

  toError(provider?: string): WebhookError {
    return new WebhookError(this.code, this.hint, { provider })
  }
}

/** Everything but a refusal, which is thrown. */
function orThrow<T>(value: T | Refusal): T {
  if (value instanceof Refusal) throw value.toError()
  return value
}

type Fallible = (...values: never[]) => unknown
const judges = new WeakMap<Fallible, Fallible>()

/**
 * A function that throws what `judge` refuses: the one that everybody gets to call. Who takes an unread refusal for a proof has taken a
 * forgery.
 */
export function throwing<Given extends unknown[], T>(
  judge: (...given: Given) => Awaitable<T | Refusal>,
): (...given: Given) => Awaitable<T> {
  const prove = (...given: Given) => andThen(judge(...given), orThrow)
  judges.set(prove, judge)
  return prove
}

/** The `judge` of a function made by `throwing`; any other function is its own, whatever it was put in the place of. */
export function judgeOf<Given extends unknown[], T>(
  prove: (...given: Given) => Awaitable<T>,
): (...given: Given) => Awaitable<T | Refusal> {
  return (judges.get(prove) as typeof prove | undefined) ?? prove
}
