import type { IncomingMessage, ServerResponse } from 'node:http'
import { readNodeBody } from '../../adapters/body'
import { discardRest } from '../../adapters/send'
import { toBytes } from '../core/bytes'
import { isWebhookError, type Receiver, refuse } from '../index'
import type { WebhookRequest } from '../request'
import { forwardFailed } from './answers'
import { type Circumstances, type InspectSettings, keep } from './inspect'
import { mask } from './mask'
import { type Answered, endToEnd, pairs, postExactly } from './post'
import { ownSecrets } from './secrets'

export interface RelaySettings extends InspectSettings {
  readonly receiver: Receiver
  /** Where deliveries are handed on to; answered here where there is no such place. */
  readonly forward?: URL
  /** Hands on only what verifies. */
  readonly verifiedOnly?: boolean
  readonly timeoutMs?: number
}

/**
 * Receives deliveries in the place of the merchant's app: keeps each with its verdict, hands on the same bytes whatever the
 * verdict, and gives the app's answer back.
 */
export function createRelay(settings: RelaySettings) {
  const { receiver, forward } = settings

  async function accept(request: WebhookRequest, more: Circumstances = {}): Promise<Answered> {
    const kept = keep(request, settings, more)
    if (forward !== undefined) return handOn(kept, forward)
    const { reply } = await kept.receive(receiver, () => {})
    return { status: reply.status, headers: Object.entries(reply.headers), body: toBytes(reply.body) }
  }

  async function handOn(kept: ReturnType<typeof keep>, to: URL): Promise<Answered> {
    const refused = await kept.verify(receiver).then(
      () => undefined,
      (error: unknown) => error,
    )
    const { body, headers } = kept.delivery
    if (body === undefined || (refused !== undefined && settings.verifiedOnly)) return answerHere(kept, refused)
    kept.step('handed on')
    const shown = mask(to.href, ownSecrets(settings.source.provider))
    const { timeoutMs } = settings
    const result = await postExactly(to, { headers, body }, timeoutMs === undefined ? {} : { timeoutMs })
    if (!('problem' in result)) {
      kept.end('answered', { answer: result, outcome: 'forwarded', forward: { to: shown } })
      return result
    }
    const answer = { ...forwardFailed, body: toBytes(JSON.stringify({ error: 'forward_failed' })) }
    kept.end('not answered', { answer, outcome: 'forward_failed', forward: { to: shown, problem: result.problem } })
    return answer
  }

  function answerHere(kept: ReturnType<typeof keep>, refused: unknown): Answered {
    if (!isWebhookError(refused)) throw refused
    const reply = refuse(refused)
    const answer = { status: reply.status, headers: Object.entries(reply.headers), body: toBytes(reply.body) }
    kept.end('answered', { answer })
    return answer
  }

  return {
    accept,
    /** For a port of its own: every path receives. */
    async listener(req: IncomingMessage, res: ServerResponse): Promise<void> {
      const body: WebhookRequest['body'] = (limits) => readNodeBody(req, limits, 'Nothing else reads here.')
      const request = { method: req.method, headers: pairs(req.rawHeaders), body }
      const answer = await accept(request, { path: req.url ?? '/' })
      if (res.destroyed) return
      for (const [name, value] of endToEnd(answer.headers)) res.appendHeader(name, value)
      res.writeHead(answer.status)
      res.end(answer.body)
      discardRest(req)
    },
  }
}

export type Relay = ReturnType<typeof createRelay>
