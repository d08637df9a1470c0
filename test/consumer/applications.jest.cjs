const { exports: map, peerDependencies } = require('llm-config-manager/package.json');
const { clean, hints, loaded, run } = require('./run.cjs');

describe('an application', () => {
  it('has none of the optional peers within reach, or else the rest would prove nothing', () => {
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

  it('gets one instance of every subpath, required or imported', () => {
    const subpaths = Object.keys(map).filter((subpath) => subpath !== './package.json');
    expect(run('required.cjs')).toEqual(
      clean(subpaths.map((subpath) => `${subpath} is one instance\n`).join('')),
    );
  });

  it('is told which package to install where an optional one is missing', () => {
    expect(run('missing-peers.mjs')).toEqual(clean(hints));
  });
});
