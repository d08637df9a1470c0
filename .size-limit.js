import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const ignore = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies ?? {})];
const modifyEsbuildConfig = (config) => ({ ...config, platform: 'node' });

/** Our own code, minified and gzipped, with everything that is loaded later on. */
const limits = { '.': '20 kB' };

export default Object.entries(manifest.exports)
  .filter(([subpath]) => subpath !== './package.json')
  .map(([subpath, conditions]) => ({
    name: subpath,
    path: conditions.import.default,
    limit: limits[subpath] ?? '25 kB',
    gzip: true,
    ignore,
    modifyEsbuildConfig,
  }));
