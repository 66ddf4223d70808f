import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** The page as it is in the package, in a browser: it needs a build and Chromium, so it is no part of `npm test`. */
export default defineConfig({
  resolve: {
    alias: [
      { find: '#hmac', replacement: at('src/core/hmac.ts') },
      { find: '#inspector-page', replacement: at('dist/inspector/page.js') },
    ],
  },
  test: { include: ['test/browser/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000, fileParallelism: false },
})
