import { defineConfig } from 'tsup'

export default defineConfig({
  entry: { index: 'src/index.ts', express: 'adapters/express.ts' },
  format: ['esm', 'cjs'],
  target: 'es2022',
  platform: 'node',
  dts: true,
  // Shared chunks in both formats: every entry sees the one WebhookError class.
  splitting: true,
  clean: true,
  external: ['express'],
})
