import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: '#hmac', replacement: at('test/support/overheard-hmac.ts') },
      { find: /^payproof\/stores\/([a-z]+)$/, replacement: at('src/stores/$1.ts') },
      { find: /^payproof\/testing\/([a-z]+)$/, replacement: at('src/testing/$1.ts') },
      { find: /^payproof\/testing$/, replacement: at('src/testing/index.ts') },
      { find: '#inspector-page', replacement: at('src/inspector/page/assets.ts') },
      { find: 'payproof/inspector', replacement: at('src/inspector/index.ts') },
      { find: 'payproof/otel', replacement: at('src/otel/index.ts') },
      { find: /^payproof\/(queue|bullmq|pg-boss)$/, replacement: at('src/queues/$1.ts') },
      { find: /^payproof\/([a-z]+)$/, replacement: at('adapters/$1.ts') },
      { find: /^payproof$/, replacement: at('src/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts', 'examples/*.test.ts'],
    exclude: ['test/package.test.ts', 'test/browser/**'],
    setupFiles: ['test/support/overhear.ts'],
    globalSetup: ['test/support/start-services.ts'],
    testTimeout: 30_000,
    // Most of them wait for time-outs and servers most of the time.
    maxWorkers: 4,
  },
})
