import { TraceFlags, trace } from '@opentelemetry/api'
import { letGo } from '../deadline'
import type { Claim, Complete, IdempotencyStore } from '../index'
import { answeredAtOnce, atOnce } from '../stores/at-once'
import type { About } from './about'
import type { Instruments } from './instruments'
import { activeContext, quietly } from './quietly'
import { end, type Watch } from './watch'

type Operation = 'claim' | 'renew' | 'complete' | 'release' | 'begin' | 'commit'
type Result = Claim['state'] | 'ok' | 'lost' | 'error' | 'timeout'
type Ended = (result: Result) => void

const states: readonly Result[] = ['acquired', 'in_progress', 'completed'] satisfies Claim['state'][]

/** The same store, whose calls are timed, and spans beneath the one that is active, where its trace is sampled. */
export function watchStore<Tx>(
  store: IdempotencyStore<Tx>,
  watch: Watch,
  about: About,
  timeoutMs: number,
): IdempotencyStore<Tx> {
  const timed: Timed = (operation, ask, resultOf) => {
    const ended = beginCall(watch, about, operation, timeoutMs)
    if (ended === undefined) return ask()
    try {
      const answer = Promise.resolve(ask())
      answer.then(
        // A store is somebody else's code: it may answer with nothing.
        (value) => ended(quietly(() => resultOf(value)) ?? 'error'),
        () => ended('error'),
      )
      return answer
    } catch (error) {
      ended('error')
      throw error
    }
  }
  /** A store that answers at once still does: waiting for it would cost more than watching it. */
  const watched = <Given extends unknown[], Answer>(
    operation: Operation,
    ask: (...given: Given) => Promise<Answer>,
    resultOf: (answer: Answer) => Result,
  ) => {
    const answer = atOnce(ask)
    if (answer === undefined) return (...given: Given) => timed(operation, () => ask.apply(store, given), resultOf)
    return answeredAtOnce((...given: Given) => {
      const ended = beginCall(watch, about, operation, timeoutMs)
      if (ended === undefined) return answer(...given)
      try {
        const value = answer(...given)
        ended(quietly(() => resultOf(value)) ?? 'error')
        return value
      } catch (error) {
        ended('error')
        throw error
      }
    })
  }
  const { letters, volatile, defaultRetentionSeconds } = store
  return {
    claim: watched('claim', store.claim, ofClaim),
    renew: (...given) => timed('renew', () => store.renew(...given), ofChange),
    complete: watched('complete', store.complete, ofChange),
    release: (...given) => timed('release', () => store.release(...given), ofChange),
    ...(volatile === undefined ? {} : { volatile }),
    ...(defaultRetentionSeconds === undefined ? {} : { defaultRetentionSeconds }),
    ...(letters === undefined ? {} : { letters }),
    ...(store.transaction === undefined
      ? {}
      : { transaction: watchTransaction(store.transaction.bind(store), timed, begin) }),
  }

  function begin(operation: Operation): Ended {
    return beginCall(watch, about, operation, timeoutMs) ?? (() => {})
  }
}

type Timed = <T>(operation: Operation, ask: () => Promise<T>, resultOf: (answer: T) => Result) => Promise<T>

/** What a transaction takes to begin and to commit; what is in between is the handler's. */
function watchTransaction<Tx>(
  transaction: NonNullable<IdempotencyStore<Tx>['transaction']>,
  timed: Timed,
  begin: (operation: Operation) => Ended,
): NonNullable<IdempotencyStore<Tx>['transaction']> {
  return async (work) => {
    let ended = begin('begin')
    try {
      const given = await transaction(async (tx, complete) => {
        ended('ok')
        const timedComplete: Complete = (...args) => timed('complete', () => complete(...args), ofChange)
        await work(tx, timedComplete)
        ended = begin('commit')
      })
      ended('ok')
      return given
    } catch (error) {
      ended('error')
      throw error
    }
  }
}

function ofClaim({ state }: Claim): Result {
  return states.includes(state) ? state : 'error'
}

function ofChange(changed: boolean): Result {
  return changed ? 'ok' : 'lost'
}

/** Begins to time a call; nothing where nobody listens. Ends by itself when the receiver stops waiting. */
function beginCall(watch: Watch, about: About, operation: Operation, timeoutMs: number): Ended | undefined {
  const { instruments } = watch
  const span = startSpan(watch, about, operation)
  if (instruments === undefined && span === undefined) return undefined
  const startedMs = performance.now()
  let timer: ReturnType<typeof setTimeout> | undefined
  let over = false
  const ended: Ended = (result) => {
    if (over) return
    over = true
    clearTimeout(timer)
    measure(instruments, about, operation, result, (performance.now() - startedMs) / 1000)
    const failed = result === 'error' || result === 'timeout' || result === 'lost'
    if (span !== undefined) end(span, { 'payproof.store.result': result }, failed ? result : undefined)
  }
  // A store in memory has answered by then, and needs no timer.
  void Promise.resolve().then(() => {
    if (over) return
    timer = setTimeout(ended, timeoutMs, 'timeout')
    letGo(timer)
  })
  return ended
}

function startSpan(watch: Watch, { provider }: About, operation: Operation) {
  const parent = activeContext()
  // Not whether its span is recording: a handler that takes long outlives it.
  const flags = quietly(() => trace.getSpanContext(parent)?.traceFlags) ?? TraceFlags.NONE
  if ((flags & TraceFlags.SAMPLED) === 0) return undefined
  const attributes = { 'payproof.store.operation': operation, 'payproof.provider': provider }
  return watch.start(`store ${operation}`, { attributes }, parent)
}

function measure(
  instruments: Instruments | undefined,
  { labels }: About,
  operation: Operation,
  result: Result,
  seconds: number,
): void {
  if (instruments === undefined) return
  const said = { ...labels, 'payproof.store.result': result }
  quietly(() => instruments.storeDuration.record(seconds, { ...said, 'payproof.store.operation': operation }))
  if (operation === 'renew') quietly(() => instruments.renewals.add(1, said))
}
