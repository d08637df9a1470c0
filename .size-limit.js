import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const ignore = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies ?? {})];
const modifyEsbuildConfig = (config) => ({ ...config, platform: 'node' });

/** Limits for our own code, minified and gzipped, including code that is loaded later. A little above
 *  today's sizes. */
const limits = {
  '.': '53 kB',
  './shelter': '31 kB',
  './testing': '28 kB',
  './encrypted-file': '32 kB',
  './keyring': '37 kB',
  './vault': '43 kB',
  './aws': '37 kB',
  './gcp': '34 kB',
  './azure': '34 kB',
};

const subpaths = Object.keys(manifest.exports).filter((subpath) => subpath !== './package.json');
const whole = subpaths.map((subpath) => ({
  name: subpath,
  path: manifest.exports[subpath].import.default,
  limit: limits[subpath] ?? '0 kB',
  gzip: true,
  ignore,
  modifyEsbuildConfig,
}));

/** The code that an import of the core loads at once: dynamic imports of our own files are left out. */
const atOnce = {
  ...whole[0],
  name: '. (at once)',
  limit: '23 kB',
  modifyEsbuildConfig: (config) => ({
    ...modifyEsbuildConfig(config),
    plugins: [
      ...(config.plugins ?? []),
      {
        name: 'later',
        setup: (build) =>
          build.onResolve({ filter: /^\.\// }, ({ kind }) =>
            kind === 'dynamic-import' ? { external: true } : undefined,
          ),
      },
    ],
  }),
};

export default [...whole, atOnce];
