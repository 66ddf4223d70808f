import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { ReceiverOptions, WebhookEvent } from 'payproof'
import { enqueue } from 'payproof/bullmq'
import { redisStore } from 'payproof/stores/redis'
import type { Config } from './config'
import { createReceivers, type Receivers } from './receivers'

export const queueName = 'payments'

/** The web side: proves a delivery, hands it to the queue, and remembers in the queue's own Redis that it did. */
export interface Front {
  readonly receivers: Receivers
  readonly handOn: ReturnType<typeof enqueue>
  readonly queue: Queue
}

type OnDeadLetter = ReceiverOptions<WebhookEvent>['onDeadLetter']

export function openFront(config: Config, redis: Redis, onDeadLetter?: OnDeadLetter): Front {
  const queue = new Queue(queueName, { connection: redis })
  queue.on('error', (error) => console.error(`queue: ${error.message}`))
  return {
    queue,
    // While the database is down jobs wait. A handler that fails is tried again for nine hours, and is then the operator's.
    handOn: enqueue(queue, { attempts: 16, backoff: { type: 'exponential', delay: 1000 } }),
    receivers: createReceivers(config, {
      // Without this Redis nothing can be handed on anyway, and with it alone everything can.
      store: redisStore(redis),
      // A hand-on takes milliseconds: after a crash nobody waits longer than this.
      leaseSeconds: 5,
      ...(onDeadLetter && { onDeadLetter }),
    }),
  }
}
