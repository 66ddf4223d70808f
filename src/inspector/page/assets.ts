import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** The page, bundled out of the files beside this one. The package holds what comes out: see build.ts. */
export const page = {
  html: read('page.html'),
  style: await bundle('page.css'),
  script: await bundle('main.tsx'),
  icon: read('icon.svg'),
}

function at(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}

function read(name: string): string {
  return readFileSync(at(name), 'utf8')
}

async function bundle(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [at(name)],
    bundle: true,
    minify: true,
    write: false,
    target: 'es2022',
    format: 'esm',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
  })
  return outputFiles[0]?.text ?? ''
}
