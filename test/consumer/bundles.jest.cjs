const { peerDependencies } = require('llm-config-manager/package.json');
const { clean, hints, loaded, run } = require('./run.cjs');

function bundled(bundler, entry) {
  const { status, stdout, stderr } = run('bundle.mjs', bundler, entry);
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.any(String) });
  return { file: stdout.trim(), warnings: stderr };
}

describe.each(['esbuild-cjs', 'esbuild-esm', 'vite', 'webpack'])('a bundle by %s', (bundler) => {
  it('builds without warnings and loads its configuration', () => {
    const { file, warnings } = bundled(bundler, 'application');
    expect(warnings).toBe('');
    expect(run(file)).toEqual(clean(loaded));
  });

  it('builds without the optional peers and names them on first use', () => {
    const { file, warnings } = bundled(bundler, 'missing-peers');
    const missing = [...warnings.matchAll(/Can't resolve '([^']+)'/g)].map(([, name]) => name);
    // webpack warns about missing packages and continues
    expect(missing.length > 0).toBe(bundler === 'webpack');
    expect(missing.filter((name) => !Object.hasOwn(peerDependencies, name))).toEqual([]);
    if (bundler !== 'webpack') expect(warnings).toBe('');
    expect(run(file)).toEqual(clean(hints));
  });
});

describe.each(['esbuild', 'vite', 'webpack'])('a bundle for a browser by %s', (bundler) => {
  it('fails with one sentence', () => {
    const { status, stdout, stderr } = run('bundle.mjs', `${bundler}-browser`, 'application');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(
      'llm-config-manager is for servers only. Pass values to a browser with publicConfig',
    );
  });
});
