import { rmSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { type OutputOptions, rollup } from 'rollup';

type Graph = Parameters<
  Extract<NonNullable<OutputOptions['manualChunks']>, (...given: never[]) => unknown>
>[1];

interface Plugin {
  readonly name: string;
  buildEnd(
    this: { readonly format: string },
    built: { readonly writtenFiles: readonly { readonly name: string }[] },
  ): Promise<void>;
}

/** Merges chunks of the ESM build. esbuild splits shared code into many small chunks, and each imported
 *  file costs time, each wait for an import even more. So everything that the core loads at once becomes one
 *  chunk, `core`. The first load of variables and JSON files needs the modules `first` with all that they
 *  import: what other entries, except those `beside` it, import too becomes `shared`, the rest `load`. Other
 *  small chunks are joined. The CommonJS build is only a fallback and is not changed. */
export function fewChunks(
  entries: readonly string[],
  first: readonly string[],
  beside: readonly string[],
): Plugin {
  return {
    name: 'few-chunks',
    async buildEnd({ writtenFiles }) {
      if (this.format !== 'esm') return;
      const written = writtenFiles.map(({ name }) => resolve(name)).filter((name) => name.endsWith('.js'));
      const named = (entry: string): string =>
        written.find((name) => basename(name) === `${entry}.js`) as string;
      const folder = dirname(named('index'));
      const loaded = first.flatMap((name) => written.filter((file) => isChunkOf(name, file)));
      if (loaded.length !== first.length) throw new Error(`${first.join(', ')}: some have no chunk`);
      let chunks: ReadonlyMap<string, string> | undefined;
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
        experimentalMinChunkSize: 2_048,
        onlyExplicitManualChunks: true,
        manualChunks: (id, graph) => {
          chunks ??= chunksOf(graph, {
            index: named('index'),
            beside: beside.map(named),
            others: entries.filter((entry) => entry !== 'index' && !beside.includes(entry)).map(named),
            first: loaded,
          });
          return chunks.get(id);
        },
      });
      await bundle.close();
    },
  };
}

/** The modules from which others are reached. */
interface Entries {
  readonly index: string;
  readonly beside: readonly string[];
  readonly others: readonly string[];
  /** Not an entry: what the first load imports. */
  readonly first: readonly string[];
}

/** The chunk of each module that has a chunk of its own choice. */
function chunksOf(
  { getModuleIds, getModuleInfo }: Graph,
  { index, beside, others, first }: Entries,
): ReadonlyMap<string, string> {
  const imported = (id: string): readonly string[] => getModuleInfo(id)?.importedIds ?? [];
  const later = (id: string): readonly string[] => getModuleInfo(id)?.dynamicallyImportedIds ?? [];
  const core = reached([index], imported);
  const load = reached(first, imported);
  // what only the core's own providers and a load import, sooner or later
  const own = reached([...load, ...core].flatMap(later), imported);
  const near = reached(beside, imported);
  const isOutside = (id: string): boolean => ![core, load, own, near].some((ids) => ids.has(id));
  // what only the command imports sooner or later is not outside
  const ever = (id: string): readonly string[] => [...imported(id), ...later(id)];
  const outside = [...reached(others, ever)].filter(isOutside);
  const shared = reached(outside, imported);
  // esbuild writes a module that only exports again what another has, for a dynamic import of that
  const exportsAgain = (id: string): boolean =>
    !/^(?:var|(?:async )?function|class) /m.test(getModuleInfo(id)?.code ?? '') &&
    imported(id).some((from) => shared.has(from) && !core.has(from));
  const chunk = (id: string): string => (shared.has(id) || exportsAgain(id) ? 'shared' : 'load');
  core.delete(index);
  // never joined with others: an import of those must not bring the command
  const elsewhere = reached([index, ...others], ever);
  const commands = [...getModuleIds()].filter((id) => !elsewhere.has(id) && !beside.includes(id));
  return new Map([
    ...commands.map((id) => [id, basename(id, '.js')] as const),
    ...Array.from(load, (id) => [id, chunk(id)] as const),
    ...Array.from(core, (id) => [id, 'core'] as const),
  ]);
}

/** Whether esbuild made a file from the module of that name: it appends a hash. */
const isChunkOf = (name: string, file: string): boolean =>
  basename(file).replace(/-[0-9A-Z]{8}\.js$/, '') === name;

function reached(from: readonly string[], next: (id: string) => readonly string[]): Set<string> {
  const seen = new Set<string>();
  const walk = (id: string): void => {
    if (seen.has(id)) return;
    seen.add(id);
    next(id).forEach(walk);
  };
  from.forEach(walk);
  return seen;
}
