import { WebhookError } from '../errors'

/** Hand it over as `allow` where jobs may be evicted, and an acknowledged payment lost with them. */
export const evenIfEvicted: unique symbol = Symbol.for('payproof.queues.evenIfEvicted')

/** Throws `queue_unavailable` unless the queue's Redis says that it drops nothing to make room. */
export async function assertKeepsJobs(queue: object): Promise<void> {
  const policy = await policyOf(await clientOf(queue))
  if (policy === 'noeviction') return
  const found =
    policy === undefined ? 'The Redis of the queue does not tell its maxmemory-policy' : `maxmemory-policy is ${policy}`
  throw new WebhookError(
    'queue_unavailable',
    `${found}: set it to noeviction, or jobs that were acknowledged may vanish. Where it cannot be asked: enqueue(queue, { allow: evenIfEvicted }).`,
  )
}

/** Throws `queue_unavailable` unless so many replicas have what this client has written. */
export async function assertReplicated(queue: object, replicas: number): Promise<void> {
  const client = await clientOf(queue)
  if (!('wait' in client) || typeof client.wait !== 'function')
    throw new WebhookError('queue_unavailable', 'The client of the queue has no `wait`: leave `replicas` out.')
  const reached = Number(await client.wait(replicas, waitMs))
  if (reached >= replicas) return
  throw new WebhookError('queue_unavailable', `Only ${reached} of ${replicas} Redis replicas have the job.`)
}

const waitMs = 100

async function policyOf(client: object): Promise<string | undefined> {
  if (!('info' in client) || typeof client.info !== 'function') return undefined
  try {
    return /^maxmemory_policy:(\S+)/m.exec(String(await client.info()))?.[1]
  } catch (error) {
    if (/NOPERM|unknown command/i.test(String(error))) return undefined
    throw error
  }
}

/** BullMQ 6 has it in its backend, BullMQ 5 in the queue. */
async function clientOf(queue: object): Promise<object> {
  const backend = 'getBackend' in queue && typeof queue.getBackend === 'function' ? queue.getBackend() : queue
  const client = await backend.client
  return typeof client === 'object' && client !== null ? client : {}
}
