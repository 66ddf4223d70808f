import { type HandlerContext, isWebhookError, type Reply, refuse, type WebhookEvent, type WebhookRequest } from '../src'
import { assertMounted, type ReceiverFor, receiverFor } from './choose'

/** What API Gateway (REST and HTTP APIs), function URLs and load balancers hand to a function, as far as it is needed. */
export interface LambdaHttpEvent {
  readonly httpMethod?: string
  readonly requestContext?: { readonly http?: { readonly method?: string } }
  readonly headers?: Readonly<Record<string, string | undefined>> | null
  readonly multiValueHeaders?: Readonly<Record<string, string[] | undefined>> | null
  readonly body?: string | null
  readonly isBase64Encoded?: boolean
}

export interface LambdaResult {
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly body: string
  readonly isBase64Encoded: false
}

/** What a handler is given besides the event. */
export interface LambdaContext extends HandlerContext {
  readonly request: LambdaHttpEvent
}

type LambdaHandler = (request: LambdaHttpEvent) => Promise<LambdaResult>

/** An AWS Lambda handler: receives webhooks, verified, typed, each event handled once. */
export function lambdaWebhook<Event extends WebhookEvent>(
  receiver: ReceiverFor<Event, LambdaHttpEvent>,
  handler: (event: Event, context: LambdaContext) => unknown,
): LambdaHandler {
  assertMounted('lambdaWebhook', receiver, handler)
  return async (request) => {
    const outcome = await receiverFor(receiver, request).receive(toWebhookRequest(request), (event, context) =>
      handler(event, { ...context, request }),
    )
    return toResult(outcome.reply)
  }
}

/** Only verifies: calls `next` with the event and gives back what it returns. Duplicates are yours to handle. */
export function lambdaVerify<Event extends WebhookEvent, Result>(
  receiver: ReceiverFor<Event, LambdaHttpEvent>,
  next: (event: Event, request: LambdaHttpEvent) => Result | Promise<Result>,
): (request: LambdaHttpEvent) => Promise<Result | LambdaResult> {
  return async (request) => {
    try {
      return await next(await receiverFor(receiver, request).verify(toWebhookRequest(request)), request)
    } catch (error) {
      if (!isWebhookError(error)) throw error
      return toResult(refuse(error))
    }
  }
}

function toResult({ status, headers, body }: Reply): LambdaResult {
  return { statusCode: status, headers: { ...headers }, body, isBase64Encoded: false }
}

function toWebhookRequest({
  httpMethod,
  requestContext,
  headers,
  multiValueHeaders,
  body,
  isBase64Encoded,
}: LambdaHttpEvent): WebhookRequest {
  const text = body ?? ''
  return {
    method: httpMethod ?? requestContext?.http?.method,
    headers: multiValueHeaders ?? headers ?? {},
    body: isBase64Encoded ? Buffer.from(text, 'base64') : text,
  }
}
