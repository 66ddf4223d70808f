import { defineConfig, type Options } from 'tsup'

const shared: Options = { format: ['esm', 'cjs'], target: 'es2022', splitting: true, removeNodeProtocol: false }

const entries = {
  index: 'src/index.ts',
  express: 'adapters/express.ts',
  fastify: 'adapters/fastify.ts',
  fetch: 'adapters/fetch.ts',
  hono: 'adapters/hono.ts',
  koa: 'adapters/koa.ts',
  lambda: 'adapters/lambda.ts',
  node: 'adapters/node.ts',
  'stores/sqlite': 'src/stores/sqlite.ts',
  'stores/redis': 'src/stores/redis.ts',
  'stores/postgres': 'src/stores/postgres.ts',
  'stores/mysql': 'src/stores/mysql.ts',
  queue: 'src/queues/queue.ts',
  bullmq: 'src/queues/bullmq.ts',
  'pg-boss': 'src/queues/pg-boss.ts',
  testing: 'src/testing/index.ts',
  'testing/vitest': 'src/testing/vitest.ts',
  'testing/jest': 'src/testing/jest.ts',
  inspector: 'src/inspector/index.ts',
  otel: 'src/otel/index.ts',
}

const providers = ['caspay', 'kasperopay', 'mugglepay', 'payqi', 'payvost']

export default defineConfig([
  {
    ...shared,
    // Each provider is a file of its own, so that a bundler leaves out those that are not used.
    entry: {
      ...entries,
      ...Object.fromEntries(providers.map((name) => [`providers/${name}`, `src/providers/${name}.ts`])),
    },
    // Shared chunks in both formats: every entry sees the one WebhookError class.
    dts: { entry: entries },
    // Chosen by the runtime: see "imports" in package.json.
    external: ['#hmac', '#inspector-page'],
  },
  { ...shared, entry: { 'hmac.node': 'src/core/hmac.ts' } },
  { ...shared, entry: { 'hmac.web': 'src/core/hmac.web.ts' }, platform: 'neutral', noExternal: [/^@noble/] },
  {
    ...shared,
    format: 'esm',
    entry: { cli: 'src/cli/main.ts' },
    esbuildOptions(options) {
      options.chunkNames = 'cli/[name]-[hash]'
    },
    external: ['#hmac', '#inspector-page'],
    noExternal: ['commander'],
    // Commander is CommonJS, and requires what Node brings.
    banner: { js: "import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)" },
  },
])
