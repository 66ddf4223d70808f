import { type HandlerContext, isWebhookError, type Reply, refuse, type WebhookEvent, type WebhookRequest } from '../src'
import { assertMounted, type ReceiverFor, receiverFor } from './choose'
import { handled } from './own-answer'

/** What API Gateway (REST and HTTP APIs), function URLs and load balancers hand to a function, as far as it is needed. */
export interface LambdaHttpEvent {
  readonly httpMethod?: string
  readonly requestContext?: object
  readonly headers?: Readonly<Record<string, string | undefined>> | null
  readonly multiValueHeaders?: Readonly<Record<string, string[] | undefined>> | null
  readonly body?: string | null
  readonly isBase64Encoded?: boolean
}

export interface LambdaResult {
  readonly statusCode: number
  readonly headers: Record<string, string>
  /** For load balancers that send several values of a header, and then read no other. */
  readonly multiValueHeaders?: Record<string, string[]>
  readonly body: string
  readonly isBase64Encoded: false
}

/** What a handler is given besides the event. */
export interface LambdaContext<Tx = undefined> extends HandlerContext<Tx> {
  readonly request: LambdaHttpEvent
}

type LambdaHandler = (request: LambdaHttpEvent) => Promise<LambdaResult>

/** An AWS Lambda handler: receives webhooks, verified, typed, each event handled once. */
export function lambdaWebhook<Event extends WebhookEvent, Tx = undefined>(
  receiver: ReceiverFor<Event, LambdaHttpEvent, Tx>,
  handler: (event: Event, context: LambdaContext<Tx>) => unknown,
): LambdaHandler {
  assertMounted('lambdaWebhook(receiver, handler)', receiver, handler)
  return async (request) => {
    const outcome = await receiverFor(receiver, request).receive(toWebhookRequest(request), (event, context) =>
      handled(() => handler(event, Object.assign(context, { request })), statusOfResult),
    )
    return toResult(request, outcome.reply)
  }
}

/** Only verifies: calls `next` with the event and gives back what it returns. Duplicates are yours to handle. */
export function lambdaVerify<Event extends WebhookEvent, Result, Tx = undefined>(
  receiver: ReceiverFor<Event, LambdaHttpEvent, Tx>,
  next: (event: Event, request: LambdaHttpEvent) => Result | Promise<Result>,
): (request: LambdaHttpEvent) => Promise<Result | LambdaResult> {
  assertMounted('lambdaVerify(receiver, next)', receiver, next)
  return async (request) => {
    try {
      return await next(await receiverFor(receiver, request).verify(toWebhookRequest(request)), request)
    } catch (error) {
      if (!isWebhookError(error)) throw error
      return toResult(request, refuse(error))
    }
  }
}

/** That of a result which a handler returned. */
function statusOfResult(returned: unknown): unknown {
  return (returned as { statusCode?: unknown } | null | undefined)?.statusCode
}

function toResult(request: LambdaHttpEvent, { status, headers, body }: Reply): LambdaResult {
  const result = { statusCode: status, headers: { ...headers }, body, isBase64Encoded: false } as const
  if (request.headers || !request.multiValueHeaders) return result
  const multiValueHeaders = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]))
  return { ...result, multiValueHeaders }
}

function toWebhookRequest(request: LambdaHttpEvent): WebhookRequest {
  const { headers, multiValueHeaders, isBase64Encoded } = request
  const text = request.body ?? ''
  const several = Object.keys(multiValueHeaders ?? {}).length > 0
  return {
    method: methodOf(request),
    headers: (several ? multiValueHeaders : headers) ?? {},
    body: isBase64Encoded && typeof text === 'string' ? Buffer.from(text, 'base64') : text,
  }
}

function methodOf({ httpMethod, requestContext }: LambdaHttpEvent): string | undefined {
  return httpMethod ?? (requestContext as { http?: { method?: string } } | undefined)?.http?.method
}
