import { existsSync } from 'node:fs';
import { defineConfig } from 'tsup';
import { built, source, subpaths } from './scripts/rooms.ts';

const faces = Object.fromEntries(subpaths.map((subpath) => [built(subpath), source(subpath)]));
const command = existsSync('src/cli/main.ts') ? { cli: 'src/cli/main.ts' } : {};

// One build for all subpaths: they share chunks, and so the same classes.
export default defineConfig({
  entry: { ...faces, ...command },
  format: ['esm', 'cjs'],
  target: 'node20',
  platform: 'node',
  dts: { entry: faces },
  clean: true,
  splitting: true,
  treeshake: false,
  sourcemap: false,
  removeNodeProtocol: false,
  // CommonJS has __filename instead, and import.meta would be a syntax error there
  esbuildOptions(options, { format }) {
    if (format === 'cjs') options.define = { ...options.define, 'import.meta.url': 'undefined' };
  },
  // esbuild imports shared chunks for their side effects too; there are none, and bundlers warn of such imports
  plugins: [{ name: 'bare-imports', renderChunk: (code) => ({ code: code.replace(/^import "\.\/chunk-\w+\.js";\n/gm, '') }) }],
});
