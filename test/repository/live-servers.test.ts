import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { filesIn, read } from '../../scripts/files.ts';
import { root } from '../../scripts/folders.ts';

const suite = filesIn('test/live', /\.ts$/)
  .filter((file) => !file.includes('/node_modules/'))
  .map(read)
  .join('\n');
const variables = [...new Set(suite.match(/\bLIVE_[A-Z_]*[A-Z]\b/g))].sort();

describe('the servers of test/live/compose.yaml', () => {
  it('serve env sets every variable that the live tests read', () => {
    const printed = execFileSync('bash', ['test/live/serve', 'env'], {
      cwd: fileURLToPath(root),
      encoding: 'utf8',
    });
    const set = printed.split('\n').flatMap((line) => /^(\w+)=./.exec(line)?.[1] ?? []);
    expect(set.sort()).toEqual(variables);
  });

  it('compose.yaml has every service that the live tests stop, freeze or start', () => {
    const { services } = parse(read('test/live/compose.yaml'), { merge: true }) as {
      services: Record<string, { image: string }>;
    };
    const used = new Set([...suite.matchAll(/serve\('\w+', '(\w+)'\)/g)].map(([, name]) => name as string));
    expect([...used].filter((name) => !services[name]?.image)).toEqual([]);
    expect(used.size).toBeGreaterThan(0);
  });
});

it('test/live/README.md describes each variable', () => {
  const told = new Set(read('test/live/README.md').match(/\bLIVE_[A-Z_]*[A-Z]\b/g));
  expect(variables.filter((name) => !told.has(name))).toEqual([]);
});
