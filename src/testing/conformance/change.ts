// Conformance sentences about a backend that changes behind the provider.

import assert from 'node:assert/strict';
import type { Chapter } from './sentence.ts';

export const change: Chapter = {
  title: 'change',
  needs: ['change'],
  sentences: [
    {
      title: 'get returns a changed value when a fresh read is requested',
      values: { 'service.name': 'inference', 'service.zone': 'b' },
      async check({ provider, settled, change }) {
        await settled(provider.get('service.name'));
        await settled(provider.get('service.zone'));
        await change('service.name', 'training');
        await change('service.zone', undefined);
        assert.equal((await settled(provider.get('service.name', { maxAgeMs: 0 })))?.value, 'training');
        assert.strictEqual(await settled(provider.get('service.zone', { maxAgeMs: 0 })), undefined);
      },
    },
    {
      title: 'an entry that was returned does not change with the backend',
      values: { 'service.name': 'inference' },
      async check({ provider, settled, change }) {
        const entry = await settled(provider.get('service.name'));
        await change('service.name', 'training');
        await settled(provider.get('service.name', { maxAgeMs: 0 }));
        assert.equal(entry?.value, 'inference');
      },
    },
  ],
};
