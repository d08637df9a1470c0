import { rmSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { rollup } from 'rollup';

interface Plugin {
  readonly name: string;
  buildEnd(
    this: { readonly format: string },
    built: { readonly writtenFiles: readonly { readonly name: string }[] },
  ): Promise<void>;
}

/** Merges chunks of the ESM build. esbuild splits shared code into many small chunks, and each imported
 *  file costs time. Everything that the core loads at once becomes one chunk, and other small chunks are
 *  joined. The CommonJS build is only a fallback and is not changed. */
export function fewChunks(entries: readonly string[]): Plugin {
  return {
    name: 'few-chunks',
    async buildEnd({ writtenFiles }) {
      if (this.format !== 'esm') return;
      const written = writtenFiles.map(({ name }) => resolve(name)).filter((name) => name.endsWith('.js'));
      const named = (entry: string): string =>
        written.find((name) => basename(name) === `${entry}.js`) as string;
      const folder = dirname(named('index'));
      let core: ReadonlySet<string> | undefined;
      const bundle = await rollup({
        input: Object.fromEntries(entries.map((entry) => [entry, named(entry)])),
        external: (id) => !/^[./]/.test(id),
        treeshake: false,
        logLevel: 'warn',
        onwarn: (warning) => {
          throw new Error(`${warning.message} (${relative(folder, warning.id ?? '')})`);
        },
      });
      for (const name of written) rmSync(name);
      await bundle.write({
        dir: folder,
        format: 'esm',
        entryFileNames: '[name].js',
        chunkFileNames: ({ name }) => `${name.replace(/-[0-9A-Z]{8}$/, '')}-[hash].js`,
        hoistTransitiveImports: false,
        experimentalMinChunkSize: 16_384,
        onlyExplicitManualChunks: true,
        manualChunks: (id, { getModuleInfo }) => {
          core ??= reached(named('index'), (from) => getModuleInfo(from)?.importedIds ?? []);
          return core.has(id) && id !== named('index') ? 'core' : undefined;
        },
      });
      await bundle.close();
    },
  };
}

function reached(from: string, next: (id: string) => readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const walk = (id: string): void => {
    if (seen.has(id)) return;
    seen.add(id);
    next(id).forEach(walk);
  };
  walk(from);
  return seen;
}
