import { createServer } from 'node:http'
import type { ProviderName } from '../../testing/senders'
import type { Sender, SettingValues } from '../../testing/senders/sender'
import { type StandInApi, standInApi } from '../../testing/stand-in-api'
import { UsageError } from '../terminal'

export interface ServedApi extends Pick<StandInApi, 'confirm' | 'fetch'> {
  /** What to put into the shop, in a sentence. */
  readonly setting: string
  readonly asked: () => boolean
  close(): void
}

/** Whether this provider's events are confirmed by asking its API, with these settings. */
export function isConfirmed({ api }: Sender, values: SettingValues): boolean {
  return api !== undefined && (api.keySetting === undefined || values[api.keySetting] !== undefined)
}

/** Serves what stands for the provider's API on loopback. */
export async function serveApi(sender: Sender, values: SettingValues, port: number): Promise<ServedApi> {
  const { urlSetting = '', keySetting = '' } = sender.api ?? {}
  const apiKey = values[keySetting]
  const api = standInApi(sender.name as ProviderName, typeof apiKey === 'string' ? { apiKey } : {})
  let asked = false
  const server = createServer((request, response) => {
    asked = true
    api.listener(request, response)
  })
  const url = api.urlAt(`http://127.0.0.1:${await listen(server, port)}`)
  const variable = sender.settings.find(({ name }) => name === urlSetting)?.variable
  return {
    confirm: api.confirm,
    fetch: api.fetch,
    setting: `Start the receiver with ${sender.name}({ ${urlSetting}: '${url}' }), for instance by ${variable}=${url}`,
    asked: () => asked,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on('error', ({ code }: NodeJS.ErrnoException) =>
      reject(new UsageError(`The stand-in API cannot listen on port ${port} (${code}): give another --api-port.`)),
    )
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}
