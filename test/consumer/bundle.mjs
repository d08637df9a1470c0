// `node bundle.mjs BUNDLER ENTRY` bundles ENTRY.mjs and the library for a server, and prints the path of
// the bundle; for a browser, it fails. Warnings of the bundler go to stderr.
import { resolve } from 'node:path';
import { build as esbuild } from 'esbuild';
import { build as vite } from 'vite';
import webpack from 'webpack';

const [, , bundler, entry] = process.argv;
const source = resolve(`${entry}.mjs`);
const folder = resolve('out', bundler);
const warn = (text) => console.error(text);

const withEsbuild = async (format, banner) => {
  const outfile = `${folder}/${entry}.${format === 'cjs' ? 'cjs' : 'mjs'}`;
  const common = { bundle: true, platform: 'node', target: 'node20', logLevel: 'silent' };
  const { warnings } = await esbuild({
    ...common,
    entryPoints: [source],
    outfile,
    format,
    banner: { js: banner },
  });
  for (const { text } of warnings) warn(text);
  return outfile;
};

// esbuild needs this for CommonJS dependencies in an ES module; ours are dotenv and yaml
const requireInEsm =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

const customLogger = {
  info() {},
  warn,
  warnOnce: warn,
  error: warn,
  clearScreen() {},
  hasErrorLogged: () => false,
  hasWarned: false,
};

const bundlers = {
  'esbuild-cjs': () => withEsbuild('cjs', ''),
  'esbuild-esm': () => withEsbuild('esm', requireInEsm),
  vite: async () => {
    const { output } = await vite({
      logLevel: 'warn',
      customLogger,
      build: { ssr: source, outDir: folder, emptyOutDir: false, target: 'node20' },
      ssr: { noExternal: true },
    });
    return `${folder}/${output.find((chunk) => chunk.isEntry).fileName}`;
  },
  webpack: () =>
    new Promise((done, failed) => {
      const options = {
        target: 'node',
        mode: 'production',
        entry: source,
        output: { path: folder, filename: `${entry}.cjs` },
        optimization: { minimize: false },
      };
      webpack(options, (error, stats) => {
        if (error) return failed(error);
        const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
        for (const { message } of [...errors, ...warnings]) warn(message);
        done(`${folder}/${entry}.cjs`);
      });
    }),
};

/** Browsers get no bundle: each of these fails. */
const forBrowsers = {
  'esbuild-browser': () =>
    esbuild({ entryPoints: [source], bundle: true, outdir: folder, format: 'esm', logLevel: 'silent' }),
  'vite-browser': () =>
    vite({ logLevel: 'silent', build: { outDir: folder, rolldownOptions: { input: source } } }),
  'webpack-browser': () =>
    new Promise((done, failed) => {
      const options = { target: 'web', mode: 'production', entry: source, output: { path: folder } };
      webpack(options, (error, stats) => {
        const errors = error ? [error] : stats.toJson({ all: false, errors: true }).errors;
        if (errors.length > 0) failed(new Error(errors.map(({ message }) => message).join('\n')));
        else done();
      });
    }),
};

console.log(await { ...bundlers, ...forBrowsers }[bundler]());
