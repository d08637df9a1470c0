import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const ignore = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies ?? {})];
const modifyEsbuildConfig = (config) => ({ ...config, platform: 'node' });

/** Limits for our own code, minified and gzipped, including code that is loaded later. A little above
 *  today's sizes. Each remote provider includes the second level, which only the option `second` loads.
 *  `./testing` includes the shelter, which only `describeSecondLevel` loads. */
const limits = {
  '.': '113 kB',
  './sync': '87.5 kB',
  './yaml': '13.5 kB',
  './toml': '12 kB',
  './shelter': '45 kB',
  './testing': '65.5 kB',
  './encrypted-file': '44 kB',
  './keyring': '48 kB',
  './vault': '56.5 kB',
  './aws': '50.5 kB',
  './gcp': '48 kB',
  './azure': '47.5 kB',
  './nestjs': '78.5 kB',
  './fastify': '79 kB',
  './openfeature': '8 kB',
  './otel': '10 kB',
  './audit': '27.5 kB',
  './guard': '95 kB',
  './redis': '25.5 kB',
  './rotation': '35.5 kB',
  './snapshot': '35 kB',
  './llm': '109 kB',
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
  limit: '24.5 kB',
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
