import { context, metrics, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { ConsoleMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, BatchSpanProcessor, ConsoleSpanExporter } from '@opentelemetry/sdk-trace-base'
import Fastify from 'fastify'
import { expectPayment, logTo, memoryStore, payqi } from 'payproof'
import { fastifyWebhook } from 'payproof/fastify'
import { createInstrumentedReceiver } from 'payproof/otel'
import { findOrder } from './orders.js'

// Stands for your own SDK, such as `new NodeSDK(…).start()` of @opentelemetry/sdk-node.
const spanProcessors = [new BatchSpanProcessor(new ConsoleSpanExporter())]
const readers = [new PeriodicExportingMetricReader({ exporter: new ConsoleMetricExporter() })]
const tracerProvider = new BasicTracerProvider({ spanProcessors })
const meterProvider = new MeterProvider({ readers })
trace.setGlobalTracerProvider(tracerProvider)
metrics.setGlobalMeterProvider(meterProvider)
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
propagation.setGlobalPropagator(new W3CTraceContextPropagator())

const app = Fastify({ logger: true })
const provider = payqi({ secret: process.env.PAYQI_WEBHOOK_SECRET })
const receiver = createInstrumentedReceiver({ provider, store: memoryStore(), observe: logTo(app.log) })

// What the handler does, its own spans and the jobs of `context.job()`, belongs to the delivery's trace.
const onEvent = fastifyWebhook(receiver, async (event, { request }) => {
  if (event.payment?.outcome === 'succeeded') {
    const payment = expectPayment(event, await findOrder(event.payment))
    request.log.info({ fulfil: payment })
  }
})

app.register(onEvent, { prefix: '/webhooks/payqi' })
await app.listen({ port: Number(process.env.PORT ?? 3000) })
process.once('SIGTERM', async () => {
  await app.close()
  await receiver.close()
  await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()])
})
