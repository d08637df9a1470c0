import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const ignore = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies ?? {})];
const modifyEsbuildConfig = (config) => ({ ...config, platform: 'node' });

/** Limits for our own code, minified and gzipped, including code that is loaded later. A little above
 *  today's sizes. Each remote provider includes the second level, which only the option `second` loads.
 *  `./testing` includes the shelter, which only `describeSecondLevel` loads. */
const limits = {
  '.': '104.5 kB',
  './sync': '88 kB',
  './yaml': '24.5 kB',
  './toml': '24.5 kB',
  './shelter': '53 kB',
  './testing': '73 kB',
  './encrypted-file': '44 kB',
  './keyring': '58.5 kB',
  './vault': '66 kB',
  './aws': '59.5 kB',
  './gcp': '57.5 kB',
  './azure': '56.5 kB',
  './nestjs': '82 kB',
  './fastify': '81 kB',
  './openfeature': '25.5 kB',
  './otel': '28.5 kB',
  './audit': '41.5 kB',
  './guard': '102 kB',
  './snapshot': '60 kB',
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
  limit: '29 kB',
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
