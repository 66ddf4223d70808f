import type { Attributes } from '@opentelemetry/api'
import type { DeliveryReport, Observer, StoreReport } from '../index'
import type { About } from './about'
import type { Instruments } from './instruments'
import type { Watch } from './watch'

/** An observer that counts what is reported. */
export function countReports(watch: Watch, about: About, deliversOnce: boolean): Observer {
  return (report) => {
    const { instruments } = watch
    if (instruments === undefined || report.type === 'drift' || report.type === 'diagnosis') return
    if (report.type !== 'delivery')
      return instruments.problems.add(1, { ...about.labels, 'payproof.problem': report.type })
    const { secretId, durationMs } = report
    const what = { ...about.labels, 'payproof.operation': report.operation, 'payproof.outcome': report.outcome }
    instruments.deliveries.add(1, { ...what, ...detail(report, about) })
    instruments.deliveryDuration.record(durationMs / 1000, what)
    if (secretId !== undefined)
      instruments.secretMatches.add(1, { ...about.labels, 'payproof.secret.id': about.secretOf(secretId) })
    if (isLost(report, deliversOnce)) instruments.deadLetters.add(1, about.labels)
  }
}

function detail({ eventType, code }: DeliveryReport, { typeOf }: About): Attributes {
  return {
    ...(eventType === undefined ? {} : { 'payproof.event.type': typeOf(eventType) }),
    ...(code === undefined ? {} : { 'payproof.code': code }),
  }
}

/** Given up; or proven, not handled, and of a provider that will not bring it again. */
function isLost({ outcome, operation, eventType }: DeliveryReport, deliversOnce: boolean): boolean {
  if (outcome === 'dead_letter') return true
  const isUnhandled = outcome === 'failed' || outcome === 'unavailable'
  return isUnhandled && deliversOnce && operation === 'receive' && eventType !== undefined
}

const problems: { readonly [Type in StoreReport['type']]: true } = {
  lease_lost: true,
  renew_failed: true,
  complete_failed: true,
  complete_lost: true,
  release_failed: true,
  dead_letter_failed: true,
}

/** What is seldom begins at nought: a counter that begins at one has not risen, to Prometheus. */
export function beginAtNought({ problems: counter, deadLetters }: Instruments, { labels }: About): void {
  deadLetters.add(0, labels)
  for (const type of Object.keys(problems)) counter.add(0, { ...labels, 'payproof.problem': type })
}
