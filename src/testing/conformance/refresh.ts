// Conformance sentences about `refresh`.

import assert from 'node:assert/strict';
import { leaves } from './assertions.ts';
import type { Chapter } from './sentence.ts';

export const refresh: Chapter = {
  title: 'refresh',
  needs: ['refresh'],
  sentences: [
    {
      title: 'refresh loses no values',
      values: { 'service.name': 'inference', 'database.host': 'db.internal' },
      async check({ provider, with: having, settled }) {
        const before = leaves(await settled(provider.list())).length;
        await settled(having('refresh').refresh());
        await settled(having('refresh').refresh('database'));
        assert.equal((await settled(provider.get('service.name')))?.value, 'inference');
        assert.equal(leaves(await settled(provider.list())).length, before);
      },
    },
    {
      title: 'get and list return changed values after a refresh',
      needs: ['change'],
      values: { 'service.name': 'inference', 'service.zone': 'b' },
      async check({ provider, with: having, settled, change }) {
        await settled(provider.get('service.name'));
        await settled(provider.list());
        await change('service.name', 'training');
        await change('service.zone', undefined);
        await change('service.extra', 'new');
        await settled(having('refresh').refresh());
        for (const [key, value] of [
          ['service.name', 'training'],
          ['service.zone', undefined],
          ['service.extra', 'new'],
        ] as const)
          assert.strictEqual((await settled(provider.get(key)))?.value, value, key);
        assert.equal(leaves(await settled(provider.list())).length, 2);
      },
    },
  ],
};
