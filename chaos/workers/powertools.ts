import type { IncomingMessage, RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency'
import { CachePersistenceLayer } from '@aws-lambda-powertools/idempotency/cache'
import { createClient } from 'redis'
import { openBackend } from '../backends/backend'
import type { PowertoolsJob } from '../jobs'
import type { Role } from '../worker'
import { act } from './act'
import { listen } from './serve'

/**
 * As its documentation says: a connected client of node-redis, the event's id as the key, and the Lambda context, whose
 * remaining time is what a lease is here. The effect and the web server are those that payproof has too.
 */
export async function powertools(job: PowertoolsJob): Promise<Role> {
  const { where, leaseSeconds } = job
  const backend = await openBackend(where)
  const client = createClient({ url: where.url })
  await client.connect()
  const handler = makeIdempotent(
    async ({ id }: { id: string }, _context: LambdaContext) => {
      await act(backend, job, { id, attempt: 1, tx: undefined })
      return 'OK'
    },
    {
      persistenceStore: new CachePersistenceLayer({ client }),
      config: new IdempotencyConfig({ eventKeyJmesPath: 'id', throwOnNoIdempotencyKey: true }),
      keyPrefix: where.name,
    },
  )
  const onEvent: RequestListener = async (req, res) => {
    try {
      const event = JSON.parse(await readBody(req)) as { id: string }
      await handler(event, lambdaContext(leaseSeconds))
      res.writeHead(200).end('OK')
    } catch (error) {
      res.writeHead(error instanceof Error && error.name === 'IdempotencyAlreadyInProgressError' ? 409 : 500).end()
    }
  }
  const server = await listen((req, res) => void onEvent(req, res))
  return { port: (server.address() as AddressInfo).port }
}

type LambdaContext = ReturnType<typeof lambdaContext>

/** What Powertools knows a Lambda invocation by, and asks for the time that is left of it. */
export function lambdaContext(leaseSeconds: number) {
  const untilMs = Date.now() + leaseSeconds * 1000
  return {
    awsRequestId: crypto.randomUUID(),
    functionName: 'shop',
    functionVersion: '1',
    invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:shop',
    memoryLimitInMB: '128',
    logGroupName: 'shop',
    logStreamName: 'shop',
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => untilMs - Date.now(),
    done() {},
    fail() {},
    succeed() {},
  }
}

async function readBody(req: IncomingMessage): Promise<string> {
  let body = ''
  for await (const part of req.setEncoding('utf8')) body += part
  return body
}
