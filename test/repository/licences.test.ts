import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { read } from '../../scripts/files.ts';
import { manifest, root } from '../../scripts/folders.ts';

const permissive = /^(?:MIT|ISC|BSD-[23]-Clause|BlueOak-1\.0\.0|Apache-2\.0)$/;

/** What an installation brings: dependencies, and theirs. */
function brought(names: readonly string[], found = new Map<string, string>()): ReadonlyMap<string, string> {
  for (const name of names.filter((one) => !found.has(one))) {
    const { license, dependencies = {} } = JSON.parse(
      readFileSync(new URL(`node_modules/${name}/package.json`, root), 'utf8'),
    );
    brought(Object.keys(dependencies), found.set(name, license));
  }
  return found;
}

it('docs/licences.md lists every installed package, each with a permissive licence', () => {
  const rows = [...read('docs/licences.md').matchAll(/^\| ([@\w/.-]+) \| ([\w.-]+) \|/gm)].slice(1);
  const listed = rows.map(([, name, licence]) => [name, licence]);
  expect(listed).toEqual([...brought(Object.keys(manifest.dependencies))].sort());
  expect(listed.filter(([, licence]) => !permissive.test(licence as string))).toEqual([]);
});
