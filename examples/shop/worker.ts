/** Fulfils what the web processes have put into the queue. Any number of them may run. */
import { Worker } from 'bullmq'
import { processor } from 'payproof/bullmq'
import { openBack } from './back'
import { readConfig } from './config'
import { queueName } from './front'
import { fulfil } from './fulfil'
import { live } from './life'
import { closeReceivers } from './receivers'
import { openDatabase } from './servers'

const config = readConfig()
const pool = openDatabase(config.databaseUrl)
const receivers = openBack(config, pool)

const worker = new Worker(queueName, processor(receivers, fulfil), {
  // The worker has nobody to answer: it waits until Redis is back.
  connection: { url: config.redisUrl, maxRetriesPerRequest: null },
  // Each handler holds one connection of the pool while its store uses others.
  concurrency: 8,
  // What a killed worker had begun is taken up after this long, however often that happens.
  lockDuration: 10_000,
  stalledInterval: 5000,
  maxStalledCount: 1000,
})
worker.on('error', (error) => console.error(`worker: ${error.message}`))
await worker.waitUntilReady()

live(async () => {
  await worker.close()
  await closeReceivers(receivers)
  await pool.end()
})
