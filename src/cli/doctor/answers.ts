import { statusOfCode, WebhookError, type WebhookErrorCode } from '../../errors'
import { refuse } from '../../reply'
import type { Answer } from './exchange'

/** The code of payproof's own refusal; `undefined` for an answer of somebody else. Its 401 says no more than that. */
export function refusalIn({ status, body }: Answer): WebhookErrorCode | 'unauthorized' | undefined {
  const unproven = refuse(new WebhookError('signature_mismatch', ''))
  if (status === unproven.status && body === unproven.body) return 'unauthorized'
  const codes = Object.keys(statusOfCode) as WebhookErrorCode[]
  return codes.find((code) => {
    const own = refuse(new WebhookError(code, ''))
    return own.status === status && own.body === body
  })
}

/** What payproof answers to what the doctor sends. */
export const expected = {
  forgery: statusOfCode.signature_mismatch,
  limit: statusOfCode.body_too_large,
  encoding: statusOfCode.content_encoding,
} as const

export const isRedirect = ({ status }: Answer): boolean => status >= 300 && status < 400
export const isSuccess = ({ status }: Answer): boolean => status >= 200 && status < 300
export const isUnproven = ({ status }: Answer): boolean => status === expected.forgery
export const isTooLarge = ({ status }: Answer): boolean => status === expected.limit
export const isEncodingRefused = ({ status }: Answer): boolean => status === expected.encoding
export const isForbidden = ({ status }: Answer): boolean => status === 403 || status === 407
export const isTooMany = ({ status }: Answer): boolean => status === 429
export const isNotFound = ({ status }: Answer): boolean => status === 404 || status === 410
export const isWrongMethod = ({ status }: Answer): boolean => status === 405 || status === 501
export const isGatewayFailure = ({ status }: Answer): boolean => status >= 502 && status <= 504
export const isServerError = ({ status }: Answer): boolean => status >= 500

export const headerOf = ({ headers }: Pick<Answer, 'headers'>, name: string): string | undefined => {
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

export const isPage = (answer: Pick<Answer, 'headers' | 'body'>): boolean =>
  /^text\/html|xhtml/i.test(headerOf(answer, 'content-type') ?? '') ||
  /^\s*<(?:!doctype html|html)\b/i.test(answer.body)

/** A page that asks who you are. */
export const isLogin = ({ body }: Answer): boolean => /type=["']?password|log[ -]?in|sign[ -]?in/i.test(body)
