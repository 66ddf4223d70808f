import { defineConfig } from 'vitest/config'

/** The packed package in an empty project: it needs a build, so it is no part of `npm test`. */
export default defineConfig({
  test: { include: ['test/package.test.ts'], testTimeout: 180_000, hookTimeout: 180_000 },
})
