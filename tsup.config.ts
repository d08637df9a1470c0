import { copyFileSync } from 'node:fs';
import { defineConfig } from 'tsup';
import { fewChunks } from './scripts/chunks.ts';
import { built, manifest, source, subpaths } from './scripts/folders.ts';

const entryPoints = Object.fromEntries(subpaths.map((subpath) => [built(subpath), source(subpath)]));
const entries = { ...entryPoints, cli: 'src/cli/main.ts' };

/** Removes imports that esbuild adds for side effects of shared chunks. There are none, and bundlers warn
 *  about these. */
const withoutBareImports = (code: string): string => code.replace(/^import "\.\/chunk-\w+\.js";\n/gm, '');

/** Puts imports of optional peers into a `try`. Bundlers accept a missing package only there, and an
 *  application that uses one peer need not install all. */
const withPeersInTry = (code: string): string =>
  code.replace(/\(\) => import\("([^"]+)"\)/g, (load, name: string) =>
    Object.hasOwn(manifest.peerDependencies ?? {}, name)
      ? `async () => { try { return await import("${name}"); } catch (error) { throw error; } }`
      : load,
  );

/** Marks modules and packages that are loaded on first use as free of side effects. Bundlers then drop those
 *  that an application does not use. esbuild heeds the mark of a function only inside its own file. */
const withUnusedLoads = (code: string): string =>
  code.replace(/^(var \w+ = )(?=lazy(?:Module)?\()/gm, '$1/* @__PURE__ */ ');

/** Keeps class names in stack traces and printed values. esbuild calls a class `_Name` inside, in CommonJS
 *  `_class`. */
const withNames = (code: string): string =>
  [...code.matchAll(/^var (\w+) = class _\1\b/gm)]
    .reduce((done, [, name]) => done.replace(new RegExp(`\\b_${name}\\b`, 'g'), `${name}`), code)
    .replace(/^var (\w+) = class(?= \{| extends)/gm, 'var $1 = class $1');

// Not minified, so stack traces are readable. Minifying saves a third of the bytes, but at most 2 ms of an
// import. One build for all subpaths: they share chunks and therefore classes.
export default defineConfig({
  entry: entries,
  format: ['esm', 'cjs'],
  target: 'node20',
  platform: 'node',
  dts: { entry: entryPoints },
  clean: true,
  splitting: true,
  treeshake: false,
  sourcemap: false,
  removeNodeProtocol: false,
  esbuildOptions(options, { format }) {
    if (format !== 'cjs') return;
    // import.meta is a syntax error in CommonJS, which uses __filename instead
    options.define = { ...options.define, 'import.meta.url': 'undefined' };
    // tsup makes CommonJS with sucrase, whose helpers for these make a read through a chain twice as slow
    options.supported = {
      ...options.supported,
      'optional-chain': false,
      'nullish-coalescing': false,
      'logical-assignment': false,
    };
  },
  plugins: [
    {
      name: 'for-bundlers',
      renderChunk: (code) => ({ code: withNames(withoutBareImports(withUnusedLoads(withPeersInTry(code)))) }),
      buildEnd() {
        copyFileSync('src/browser.js', `${this.options.outDir}/browser.js`);
      },
    },
    fewChunks(
      Object.keys(entries),
      [
        'plan',
        'config',
        'explain',
        'parse-leaf',
        'missing',
        'merge',
        'environment',
        'variables',
        'file',
        'json',
        'parsed-keys',
      ],
      ['cli', 'sync', 'toml', 'yaml'],
    ),
  ],
});
