import type { Sender, SettingValues } from '../../testing/senders/sender'
import { composeDelivery, type Delivery } from '../../testing/sign-delivery'
import { tamper } from '../../testing/tamper'

/** What a delivery is: the receiver must acknowledge the one kind and refuse the other. */
export type Kind = 'genuine' | 'duplicate' | 'forged' | 'tampered' | 'skewed'

/** One request that is going to be made. */
export interface Shot {
  readonly kind: Kind
  /** Which event it is of, counted from 0 over all kinds. */
  readonly event: number
  /** Cut off before its answer: the sender never learns what became of it. */
  readonly cut?: true
  make(): Delivery
}

export interface Plan {
  /** Event types, taken in turn. */
  readonly events: readonly string[]
  readonly count: number
  readonly duplicates: number
  readonly reorder: boolean
  readonly tamper: boolean
  readonly forge: boolean
  readonly rotate: boolean
  readonly failFirst: boolean
  readonly skewSeconds?: number
  readonly form?: string
  readonly id?: string
  readonly data?: object
  /** A whole payload instead of a sample. */
  readonly payload?: object
  /** Signed with these, and none of the receiver's. */
  readonly forgedValues: SettingValues
}

/** Everything that is going to be sent, in order. Deliveries are made when they are first sent, so that they are fresh. */
export function planShots(
  sender: Sender,
  values: SettingValues,
  plan: Plan,
  confirm: (delivery: Delivery) => void,
): Shot[] {
  const shots: Shot[] = []
  let event = 0
  const add = (kind: Kind, make: () => Delivery, copies = 0) => {
    const once = remembered(make)
    if (plan.failFirst && kind === 'genuine') shots.push({ kind, event, cut: true, make: once })
    shots.push({ kind, event, make: once })
    for (let copy = 0; copy < copies; copy++) shots.push({ kind: 'duplicate', event, make: once })
    event++
  }
  for (let index = 0; index < plan.count; index++) {
    const compose = (options: object = {}, settings = values) =>
      composeFor(sender, plan, index, { ...settings, ...options })
    const confirmed = (delivery: Delivery) => {
      confirm(delivery)
      return delivery
    }
    const signing = plan.rotate ? oneSecret(values, index) : {}
    add('genuine', () => confirmed(compose({ ...signing, ...(plan.id && { id: plan.id }) })), plan.duplicates)
    if (plan.forge) add('forged', () => compose({}, plan.forgedValues))
    if (plan.tamper) add('tampered', () => tamper(confirmed(compose())))
    if (plan.skewSeconds !== undefined) add('skewed', () => confirmed(compose({ skewSeconds: plan.skewSeconds })))
  }
  return plan.reorder ? shuffled(shots) : shots
}

function composeFor(sender: Sender, { events, form, data, payload }: Plan, index: number, options: object): Delivery {
  const type = events[index % events.length]
  return composeDelivery(sender, payload ?? type, { ...(form && { form }), ...(data && { data }), ...options })
}

/** The sender signs with one of its secrets, the next time with the next. */
function oneSecret(values: SettingValues, index: number): SettingValues {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Array.isArray(value) ? value[index % value.length] : value]),
  )
}

function remembered(make: () => Delivery): () => Delivery {
  let made: Delivery | undefined
  return () => {
    made ??= make()
    return made
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  const result = [...items]
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1))
    ;[result[last], result[other]] = [result[other] as T, result[last] as T]
  }
  return result
}
