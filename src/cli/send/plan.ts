import type { Sender, SettingValues } from '../../testing/senders/sender'
import { composeDelivery, type Delivery } from '../../testing/sign-delivery'
import { tamper } from '../../testing/tamper'

/** What a delivery is: the receiver must acknowledge the one kind and refuse the other. */
export type Kind = 'genuine' | 'duplicate' | 'forged' | 'tampered' | 'skewed' | 'unverifiable'

/** One request that is going to be made. */
export interface Shot {
  readonly kind: Kind
  /** Which event it is of, counted from 0 over all kinds. */
  readonly event: number
  /** Cut off before its answer: the sender never learns what became of it. */
  readonly cut?: true
  /** Why its refusal is right, where that may surprise. */
  readonly note?: string
  make(): Delivery
}

/** An event type in one of the forms that have it. */
export interface PlannedEvent {
  readonly type: string
  readonly form?: string
}

export interface Plan {
  /** Taken in turn. */
  readonly events: readonly [PlannedEvent, ...PlannedEvent[]]
  readonly count: number
  readonly duplicates: number
  readonly reorder: boolean
  readonly tamper: boolean
  readonly forge: boolean
  readonly rotate: boolean
  readonly failFirst: boolean
  readonly skewSeconds?: number
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
  const add = adderTo(shots, plan)
  for (let index = 0; index < plan.count; index++) {
    const compose = (options: object = {}, settings = values) =>
      composeFor(sender, plan, index, { ...settings, ...options })
    const confirmed = (delivery: Delivery) => {
      confirm(delivery)
      return delivery
    }
    const note = unverifiableNote(sender, eventAt(plan, index))
    const own = plan.id && { id: plan.id }
    if (note !== undefined) {
      add('unverifiable', () => compose({ ...own }), note)
      continue
    }
    const signing = plan.rotate ? oneSecret(values, index) : {}
    add('genuine', () => confirmed(compose({ ...signing, ...own })))
    if (plan.forge) add('forged', () => compose({}, plan.forgedValues))
    if (plan.tamper) add('tampered', () => tamper(confirmed(compose())))
    if (plan.skewSeconds !== undefined) add('skewed', () => confirmed(compose({ skewSeconds: plan.skewSeconds })))
  }
  return plan.reorder ? shuffled(shots) : shots
}

/** Adds a delivery, each time of another event; with its copies where a sender would send it again. */
function adderTo(shots: Shot[], { failFirst, duplicates }: Plan) {
  let event = 0
  return (kind: Kind, make: () => Delivery, note?: string) => {
    const shot = { kind, event, make: remembered(make), ...(note !== undefined && { note }) }
    if (failFirst && kind === 'genuine') shots.push({ ...shot, cut: true })
    shots.push(shot)
    const isAttack = kind !== 'genuine' && kind !== 'unverifiable'
    const copied = kind === 'genuine' ? 'duplicate' : kind
    for (let copy = 0; copy < duplicates && !isAttack; copy++) shots.push({ ...shot, kind: copied })
    event++
  }
}

const eventAt = ({ events }: Plan, index: number): PlannedEvent => events[index % events.length] ?? events[0]

function unverifiableNote({ title, forms }: Sender, { type, form = '' }: PlannedEvent): string | undefined {
  const placeholder = Object.hasOwn(forms, form) ? forms[form]?.unverifiable : undefined
  if (placeholder === undefined) return undefined
  return `${title} sends ${type} (${form}) with ${placeholder} for a signature, which nothing can verify: refused is right.`
}

function composeFor(sender: Sender, plan: Plan, index: number, options: object): Delivery {
  const { data, payload } = plan
  const { type, form } = eventAt(plan, index)
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
