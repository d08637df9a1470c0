// The table of docs/providers/env.md: what binds to what. Each of its rows is a test.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { EnvProvider } from '../../src/providers/env.ts';

const page = readFileSync(new URL('../../docs/providers/env.md', import.meta.url), 'utf8');
const [, table = ''] =
  /\n\| variable \| prefix \| sets \| does not set \|\n\|---.*\n((?:\|.*\n)+)/.exec(page) ?? [];
const namesIn = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string);
const rows = table
  .trim()
  .split('\n')
  .map((row) => row.split('|').slice(1).map(namesIn));

describe('the table of names', () => {
  it('has rows', () => {
    expect(rows.length).toBeGreaterThan(15);
  });

  it.each(rows)('%j, prefix %j: sets %j and does not set %j', async (variables, prefixes, sets, others) => {
    for (const name of variables) {
      const options = { env: { [name]: 'v' }, ...(prefixes[0] && { prefix: prefixes[0] }) };
      const env = new EnvProvider(options);
      for (const key of sets) expect([(await env.get(key))?.value].flat(), key).toEqual(['v']);
      for (const key of others) expect(await env.get(key), key).toBeUndefined();
      const wanted = { keys: [...sets, ...others], prefixes: [] };
      const listed = await new ProviderChain([new EnvProvider(options)]).list('', { wanted });
      expect(listed.map(({ key }) => key).sort()).toEqual([...sets].sort());
    }
  });
});
