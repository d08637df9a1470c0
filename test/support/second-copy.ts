import { createRequire } from 'node:module';
import { buildSync } from 'esbuild';

const root = new URL('../../', import.meta.url);

type Copy = typeof import('../../src/chain/chain.ts') &
  typeof import('../../src/entry.ts') &
  typeof import('../../src/errors.ts') &
  typeof import('../../src/origin.ts') &
  typeof import('../../src/providers/memory.ts') &
  typeof import('../../src/shelter/index.ts');

/** A second copy of this library in the same process, as two versions in node_modules are. */
export function secondCopy(): Copy {
  const files = ['chain/chain', 'entry', 'errors', 'origin', 'providers/memory', 'shelter/index'];
  const { outputFiles } = buildSync({
    stdin: {
      contents: files.map((file) => `export * from './src/${file}.ts';`).join('\n'),
      resolveDir: new URL('.', root).pathname,
      loader: 'ts',
    },
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    packages: 'external',
    supported: { 'dynamic-import': false },
  });
  const module = { exports: {} };
  const run = new Function('module', 'exports', 'require', outputFiles[0]?.text ?? '');
  run(module, module.exports, createRequire(new URL('package.json', root)));
  return module.exports as Copy;
}
