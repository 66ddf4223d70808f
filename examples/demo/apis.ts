import { createServer, type Server } from 'node:http'

/** Stands in for KasperoPay's status API and MugglePay's order API: answers from these tables, 404 otherwise. */
export function createApis(answers: {
  kasperopay: ReadonlyMap<string, object>
  mugglepay: ReadonlyMap<string, object>
}): Server {
  return createServer((request, response) => {
    const [, payment, order] = /^\/api\/pay\/status\/([\w-]+)$|^\/v1\/orders\/([\w-]+)$/.exec(request.url ?? '') ?? []
    const answer = answers.kasperopay.get(payment ?? '') ?? answers.mugglepay.get(order ?? '')
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer ?? {}))
  })
}
