import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { atMost, type Part } from './part'

const providers = ['payqi', 'caspay', 'payvost', 'mugglepay', 'kasperopay'] as const

export const size: Part = {
  name: 'size',
  question: 'What a bundler makes of the root and one provider',
  method: `\`createReceiver\`, \`memoryStore\` and one provider bundled by esbuild for Node, minified, gzipped; 1 kB is 1000 bytes. \`explain\` is a file of its own that is
loaded when it is called, and not in the figure. Zod is left out where the merchant's own code has it anyway.`,
  async run() {
    const rows = await Promise.all(
      providers.map(async (name) => {
        const code = `export { createReceiver, memoryStore, ${name} } from 'payproof'`
        return { name, without: await bundledKb(code, ['zod']), within: await bundledKb(code, []) }
      }),
    )
    const largest = (which: 'without' | 'within') => Math.max(...rows.map((row) => row[which]))
    return {
      tables: [
        {
          title: 'Minified and gzipped',
          head: ['root and', 'zod left out', 'zod in it'],
          rows: rows.map(({ name, without, within }) => [name, kb(without), kb(within)]),
        },
      ],
      targets: [
        atMost('kB of root and one provider, zod left out, the largest', largest('without'), 12),
        atMost('kB of root and one provider, zod in it, the largest', largest('within'), 40),
      ],
    }
  },
}

const kb = (size: number) => `${size.toFixed(1)} kB`

async function bundledKb(code: string, external: readonly string[]): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: fileURLToPath(new URL('.', import.meta.resolve('payproof/package.json'))) },
    // Without the paths of the project's own: those lead to the sources.
    tsconfigRaw: {},
    alias: { payproof: fileURLToPath(import.meta.resolve('payproof')) },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'node',
    mainFields: ['module', 'main'],
    external: [...external, './explain-*'],
    logLevel: 'silent',
  })
  const [output] = outputFiles
  if (output === undefined) throw new Error('esbuild made nothing.')
  return gzipSync(output.contents).length / 1000
}
