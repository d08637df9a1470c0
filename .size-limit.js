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
  './yaml': '22 kB',
  './toml': '22 kB',
  './shelter': '51 kB',
  './testing': '71 kB',
  './encrypted-file': '43 kB',
  './keyring': '56 kB',
  './vault': '64 kB',
  './aws': '58.5 kB',
  './gcp': '56.5 kB',
  './azure': '56.5 kB',
  './nestjs': '82 kB',
  './fastify': '81 kB',
  './openfeature': '23 kB',
  './otel': '23.5 kB',
  './audit': '36.5 kB',
  './guard': '102 kB',
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
  limit: '27.6 kB',
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
