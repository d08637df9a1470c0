// Conformance sentences about names, printing and closing.

import assert from 'node:assert/strict';
import { assertNoLeak } from './assertions.ts';
import { fakes } from './samples.ts';
import type { Chapter } from './sentence.ts';

export const lifecycle: Chapter = {
  title: 'lifecycle',
  sentences: [
    {
      title: 'has a name that never changes',
      values: { 'service.name': 'inference' },
      async check({ provider, settled }) {
        const { name } = provider;
        assert.ok(typeof name === 'string' && name !== '', 'the provider has no name');
        await settled(provider.get('service.name'));
        await settled(provider.list());
        assert.equal(provider.name, name);
      },
    },
    {
      title: 'prints no secret that it has read',
      values: { 'database.password': fakes.password },
      async check({ provider, settled }) {
        await settled(provider.list());
        await settled(provider.get('database.password'));
        assertNoLeak(provider, fakes.password);
      },
    },
    {
      title: 'can be closed several times, also concurrently',
      values: { 'service.name': 'inference' },
      async check({ provider, settled }) {
        await settled(provider.get('service.name'));
        await settled(Promise.all([provider.close?.(), provider.close?.()]));
        await settled(Promise.resolve(provider.close?.()));
      },
    },
    {
      title: 'can be closed before its first use',
      values: {},
      async check({ provider, settled }) {
        await settled(Promise.resolve(provider.close?.()));
      },
    },
  ],
};
