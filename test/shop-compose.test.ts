import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { processes } from '../examples/shop/run/processes'
import { readYaml } from './support/yaml'

const read = (name: string) => readFileSync(new URL(`../examples/shop/${name}`, import.meta.url), 'utf8')

interface Service {
  user?: string
  init?: string
  cap_drop?: string[]
  security_opt?: string[]
  healthcheck?: { test: string[] }
  image: string
  command?: string
  env_file?: string[]
  environment?: Record<string, string>
  ports?: string[]
  volumes?: string[]
  depends_on?: Record<string, unknown>
}
const { services, volumes } = readYaml(read('compose.yaml')) as unknown as {
  services: Record<string, Service>
  volumes: Record<string, null>
}
const fromFile = [...read('env.example').matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name ?? '')
const url = 'http://127.0.0.1:1'
const started = processes(
  {
    databaseUrl: url,
    redisUrl: url,
    paymentsUrl: url,
    mugglepayApiUrl: url,
    kasperopayApiUrl: url,
    ports: { proxy: 1, app1: 2, app2: 3, operator: 4 },
    appUrl: (name) => `http://${name}:3000`,
    spoolOf: () => '/home/node/spool',
    host: '0.0.0.0',
  },
  {
    CASPAY_WEBHOOK_SECRET: 'x',
    PAYQI_WEBHOOK_SECRET: 'x',
    PAYVOST_WEBHOOK_SECRET: 'x',
    MUGGLEPAY_ORDER_TOKEN_SECRET: 'x',
    MUGGLEPAY_API_KEY: 'x',
    KASPEROPAY_MERCHANT_ID: 'x',
    OPERATOR_PASSWORD: 'x',
  },
)

describe("the shop's compose.yaml", () => {
  it('has the processes that are started without it, and their servers', () => {
    expect(Object.keys(services)).toEqual([...started.map(({ name }) => name), 'redis', 'postgres'])
  })

  it.each(started)('$name: runs the same command, and is told everything that it reads', ({ name, script, env }) => {
    const { command, env_file, environment = {} } = services[name] ?? { image: '' }
    expect(command).toBe(`node --import tsx examples/shop/${script}`)
    const told = [...Object.keys(environment), ...(env_file === undefined ? [] : fromFile)]
    expect(Object.keys(env).filter((variable) => !told.includes(variable))).toEqual([])
    for (const same of ['UPSTREAMS', 'SPOOL_FOLDER', 'HOST'])
      if (same in env) expect([same, environment[same]]).toEqual([same, env[same]])
  })

  it('gives the proxy no secret, and shows the operator to this machine alone', () => {
    expect(services['proxy']?.env_file).toBeUndefined()
    expect(services['operator']?.ports).toEqual(['127.0.0.1:3009:3000'])
    const open = Object.entries(services).filter(([, { ports = [] }]) => ports.some((port) => !port.startsWith('127.')))
    expect(open.map(([name]) => name)).toEqual(['proxy'])
  })

  it.each(started)('$name: runs as nobody special, and hears SIGTERM', ({ name }) => {
    const { user, init, cap_drop, security_opt } = services[name] ?? { image: '' }
    expect({ user, init, cap_drop, security_opt }).toEqual({
      user: 'node',
      init: 'true',
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    })
  })

  it('tells the database its own password alone, and whoever asks it the same one', () => {
    expect(services['postgres']?.env_file).toBeUndefined()
    expect(Object.keys(services['postgres']?.environment ?? {})).toEqual(['POSTGRES_PASSWORD'])
    expect(services['migrate']?.env_file).toBeUndefined()
    const url = /^postgres:\/\/postgres:\$\{POSTGRES_PASSWORD:\?[^}]+\}@postgres:5432\/postgres$/
    for (const { name } of started.filter(({ env }) => 'DATABASE_URL' in env))
      expect(services[name]?.environment?.['DATABASE_URL']).toMatch(url)
    expect(fromFile).not.toContain('DATABASE_URL')
  })

  it('says whether a web process can take webhooks', () => {
    for (const app of ['app1', 'app2']) expect(services[app]?.healthcheck?.test.at(-1)).toContain(':3000/health')
  })

  it('names no service or volume that there is not', () => {
    const needed = Object.values(services).flatMap(({ depends_on = {} }) => Object.keys(depends_on))
    expect(needed.filter((name) => !(name in services))).toEqual([])
    const mounted = Object.values(services).flatMap(({ volumes = [] }) => volumes.map((volume) => volume.split(':')[0]))
    expect(mounted.filter((name) => name !== '../..' && !((name ?? '') in volumes))).toEqual([])
  })

  it('has no secret in what is committed', () => {
    for (const [, name = '', value = ''] of read('env.example').matchAll(/^([A-Z_]+)=(.*)$/gm))
      if (/SECRET|KEY|PASSWORD/.test(name)) expect([name, value]).toEqual([name, ''])
  })
})
