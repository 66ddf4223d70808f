import type { DeliveryReport, Observer, Report } from './observe'

/** A logger of pino's shape: `pino()`, Fastify's `app.log`, and what takes `(fields, message)` as they do. */
export interface Logger {
  debug?(fields: object, message: string): unknown
  info(fields: object, message: string): unknown
  warn(fields: object, message: string): unknown
  error(fields: object, message: string): unknown
}

/** The default observer: one line on the console for what needs a person; what anybody can cause, once a minute per reason. */
export function logProblems(): Observer {
  const isQuiet = createQuiet()
  return (report) => {
    const level = levelOf(report)
    if ((level !== 'error' && level !== 'warn') || isQuiet(report)) return
    console[level](`payproof: ${nameOf(report)} ${JSON.stringify(fieldsOf(report))}`, ...causes(report))
  }
}

/**
 * An observer that writes to a logger: `error` and `warn` for what needs a person, `info` for what was handled, `debug` for
 * duplicates and the like. What anybody can cause is written once a minute per reason. The fields hold nothing of a body, a
 * header or a secret; `err` is what the handler threw, or what made the store or API fail.
 */
export function logTo(logger: Logger): Observer {
  const isQuiet = createQuiet()
  return (report) => {
    if (isQuiet(report)) return
    const [err] = causes(report)
    const fields = fieldsOf(report)
    logger[levelOf(report)]?.(err === undefined ? fields : { ...fields, err }, `payproof: ${nameOf(report)}`)
  }
}

type Level = keyof Logger

const levels: { readonly [Outcome in DeliveryReport['outcome']]: Level } = {
  processed: 'info',
  verified: 'debug',
  duplicate: 'debug',
  in_progress: 'debug',
  rejected: 'warn',
  unavailable: 'warn',
  misuse: 'warn',
  failed: 'error',
  dead_letter: 'error',
}

function levelOf(report: Report): Level {
  if (report.type === 'delivery') return levels[report.outcome]
  return report.type === 'drift' || report.type === 'diagnosis' ? 'warn' : 'error'
}

function nameOf(report: Report): string {
  return report.type === 'delivery' ? report.outcome : report.type
}

function fieldsOf(report: Report): object {
  const { type: _, error: __, rawBody: ___, ...fields } = { error: undefined, rawBody: undefined, ...report }
  return fields
}

function causes(report: Report): readonly unknown[] {
  return 'error' in report && report.error !== undefined ? [report.error] : []
}

const quietMs = 60_000

/** Whether a delivery's reason was told of within the last minute, of those that anybody can cause. */
function createQuiet(): (report: Report) => boolean {
  const lastMs = new Map<string, number>()
  return (report) => {
    if (report.type !== 'delivery' || levelOf(report) !== 'warn') return false
    // Of one receiver: what strangers do to another's endpoint must hide nothing of this one, nor of its jobs.
    const reason = `${report.provider},${report.account},${report.operation},${report.code}`
    const nowMs = performance.now()
    if (nowMs - (lastMs.get(reason) ?? Number.NEGATIVE_INFINITY) < quietMs) return true
    lastMs.set(reason, nowMs)
    return false
  }
}
