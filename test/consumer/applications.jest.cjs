const { exports: map, peerDependencies } = require('llm-config-manager/package.json');
const { clean, hints, loaded, run } = require('./run.cjs');

/** The subpaths that are for one optional package, and cannot be imported without it. */
const needs = {
  './otel': '@opentelemetry/api',
  './nestjs': '@nestjs/common',
  './openfeature': '@openfeature/server-sdk',
};

describe('an application', () => {
  it('cannot resolve any optional peer, which the other tests rely on', () => {
    const reachable = (name) => {
      try {
        return require.resolve(name) !== '';
      } catch {
        return false;
      }
    };
    expect(Object.keys(peerDependencies).filter(reachable)).toEqual([]);
  });

  it('loads its configuration as an ES module', () => {
    expect(run('application.mjs')).toEqual(clean(loaded));
  });

  it('gets the same instance of every subpath from require and import', () => {
    const subpaths = Object.keys(map).filter((subpath) => subpath !== './package.json');
    const result = (subpath) =>
      subpath in needs ? `MODULE_NOT_FOUND: ${needs[subpath]}` : 'is one instance';
    expect(run('required.cjs')).toEqual(
      clean(subpaths.map((subpath) => `${subpath} ${result(subpath)}\n`).join('')),
    );
  });

  it('gets an error that names the missing optional package', () => {
    expect(run('missing-peers.mjs')).toEqual(clean(hints));
  });
});
