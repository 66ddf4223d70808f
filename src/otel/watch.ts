import {
  type Attributes,
  type Context,
  type MeterProvider,
  metrics,
  type Span,
  type SpanOptions,
  SpanStatusCode,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import { createInstruments, type Instruments } from './instruments'
import { quietly } from './quietly'

/** Where spans and metrics go. Both default to the SDK that is registered, also one that is registered later. */
export interface Telemetry {
  tracerProvider?: TracerProvider
  meterProvider?: MeterProvider
  /** Puts the message and stack of what a handler threw on its span. Default `false`: it may hold anything. */
  recordHandlerErrors?: boolean
}

const scope = 'payproof'

/** A span under way. Nothing of it throws. */
export interface Watched {
  /** In which it is the active span. */
  readonly where: Context
  /** Whether anybody will see it: else nothing needs to be found out for it. */
  readonly recording: boolean
  readonly span: Span | undefined
}

/** One receiver's way to its SDK. */
export class Watch {
  readonly #telemetry: Telemetry
  readonly #began: (instruments: Instruments) => void
  #known: { readonly provider: MeterProvider; readonly instruments: Instruments | undefined } | undefined

  constructor(telemetry: Telemetry, began: (instruments: Instruments) => void) {
    this.#telemetry = telemetry
    this.#began = began
  }

  get recordsHandlerErrors(): boolean {
    return this.#telemetry.recordHandlerErrors === true
  }

  /** Asked for each time: unlike tracers, meters that were had before an SDK was registered stay silent. */
  get instruments(): Instruments | undefined {
    const provider = this.#telemetry.meterProvider ?? quietly(() => metrics.getMeterProvider())
    if (provider === undefined) return undefined
    if (this.#known?.provider === provider) return this.#known.instruments
    const instruments = quietly(() => createInstruments(provider.getMeter(scope)))
    this.#known = { provider, instruments }
    if (instruments !== undefined) quietly(() => this.#began(instruments))
    return instruments
  }

  start(name: string, options: SpanOptions, parent: Context): Watched {
    const span = quietly(() => this.#tracer().startSpan(name, options, parent))
    const where = span && quietly(() => trace.setSpan(parent, span))
    return { span, where: where ?? parent, recording: (span && quietly(() => span.isRecording())) === true }
  }

  #tracer() {
    return this.#telemetry.tracerProvider?.getTracer(scope) ?? trace.getTracer(scope)
  }
}

/** Ends a span: with what is known of it, and with the class of what went wrong, if anything did. */
export function end({ span, recording }: Watched, attributes: Attributes, errorType?: string): void {
  if (span === undefined) return
  if (recording) quietly(() => span.setAttributes(attributes))
  if (recording && errorType !== undefined)
    quietly(() => span.setAttribute('error.type', errorType).setStatus({ code: SpanStatusCode.ERROR }))
  quietly(() => span.end())
}
