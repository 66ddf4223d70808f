import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { standInApi } from 'payproof/testing'

export const mugglepayApiKey = randomUUID()

/** They know the payments that the script tells them of. */
export const kasperopayApi = standInApi('kasperopay')
export const mugglepayApi = standInApi('mugglepay', { apiKey: mugglepayApiKey })

/** Serves both from one origin. */
export function createApis(): Server {
  return createServer((request, response) => {
    const api = request.url?.startsWith('/v1/') ? mugglepayApi : kasperopayApi
    api.listener(request, response)
  })
}
