import { defineConfig } from 'tsup';
import { fewChunks } from './scripts/chunks.ts';
import { built, manifest, source, subpaths } from './scripts/rooms.ts';

const faces = Object.fromEntries(subpaths.map((subpath) => [built(subpath), source(subpath)]));
const entries = { ...faces, cli: 'src/cli/main.ts' };

/** esbuild imports shared chunks for their side effects too; there are none, and bundlers warn of such imports. */
const withoutBareImports = (code: string): string => code.replace(/^import "\.\/chunk-\w+\.js";\n/gm, '');

/** Bundlers let a package be missing only where a `try` stands around its import: who uses one optional peer need not install all. */
const withPeersInTry = (code: string): string =>
  code.replace(/\(\) => import\("([^"]+)"\)/g, (load, name: string) =>
    Object.hasOwn(manifest.peerDependencies ?? {}, name)
      ? `async () => { try { return await import("${name}"); } catch (error) { throw error; } }`
      : load,
  );

/** Classes keep their names in stacks and in what Node prints of them: inside esbuild calls them `_Name`, and CommonJS `_class`. */
const withNames = (code: string): string =>
  [...code.matchAll(/^var (\w+) = class _\1\b/gm)]
    .reduce((done, [, name]) => done.replace(new RegExp(`\\b_${name}\\b`, 'g'), `${name}`), code)
    .replace(/^var (\w+) = class(?= \{| extends)/gm, 'var $1 = class $1');

// Not minified, so that stack traces can be read: it would save a third of the bytes, but no more than 2 ms of an import.
// One build for all subpaths: they share chunks, and so the same classes.
export default defineConfig({
  entry: entries,
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
  plugins: [
    {
      name: 'for-bundlers',
      renderChunk: (code) => ({ code: withNames(withoutBareImports(withPeersInTry(code))) }),
    },
    fewChunks(Object.keys(entries)),
  ],
});
