import 'reflect-metadata'
import { Injectable, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { caspay, createReceiver, expectPayment, memoryStore, type WebhookEvent } from 'payproof'
import { nodeWebhook } from 'payproof/node'
import { findOrder } from './orders.js'

@Injectable()
class Orders {
  async fulfil(event: WebhookEvent): Promise<void> {
    const payment = expectPayment(event, await findOrder(event.payment))
    console.log('fulfil', payment)
  }
}

@Module({ providers: [Orders] })
class AppModule {}

const app =
  process.env.PLATFORM === 'fastify'
    ? await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter())
    : await NestFactory.create(AppModule)

const orders = app.get(Orders)
const provider = caspay({ secret: process.env.CASPAY_WEBHOOK_SECRET })
const receiver = createReceiver({ provider, store: memoryStore() })

// On both platforms this comes before Nest's body parser. Routes of controllers stay as they are.
const onEvent = nodeWebhook(receiver, async (event) => {
  if (event.payment?.outcome === 'succeeded') await orders.fulfil(event)
})
app.use('/webhooks/caspay', onEvent)
await app.listen(Number(process.env.PORT ?? 3000))
