import { defineConfig } from 'rolldown'
import manifest from './package.json' with { type: 'json' }

/**
 * src to dist in a few files: a start that opens two hundred takes longer (bench/RESULTS.md). Packages stay packages.
 * Every file of dist lies one folder deep, as those of src do that look for others: `../vcl/…`, `../worker/main.js` and
 * `../../package.json` mean the same in both. Not minified: stacks name functions, and a comment above them their file in src.
 */
export default defineConfig({
  input: { 'manager/main': 'src/main.ts', 'worker/main': 'src/worker/main.ts', 'recoding/main': 'src/flow/recoding/thread.ts' },
  platform: 'node',
  external: Object.keys(manifest.dependencies),
  output: { dir: 'dist', cleanDir: true, entryFileNames: '[name].js', chunkFileNames: 'shared/[name].js' },
})
