// Conformance sentences about `health`.

import assert from 'node:assert/strict';
import { assertNoLeak } from './assertions.ts';
import { fakes } from './samples.ts';
import type { Chapter } from './sentence.ts';

export const health: Chapter = {
  title: 'health',
  needs: ['health'],
  sentences: [
    {
      title: 'health returns ok and the time of the check while the backend works',
      values: { 'service.name': 'inference' },
      async check({ provider, with: having, settled }) {
        await settled(provider.get('service.name'));
        const health = await settled(having('health').health());
        assert.equal(health.status, 'ok', health.reason);
        assert.ok(Number.isFinite(health.checkedAt), 'health returned no time');
      },
    },
    {
      title: 'health returns a reason and does not throw while the backend is unavailable',
      needs: ['unavailable'],
      values: { 'database.password': fakes.password },
      async check({ with: having, settled, rejection, provider, fail }) {
        await fail('unavailable');
        await rejection(provider.get('database.password', { maxAgeMs: 0 }));
        const health = await settled(having('health').health());
        assert.notEqual(health.status, 'ok');
        assert.ok(health.reason, 'health returned no reason');
        assertNoLeak(health, fakes.password);
      },
    },
  ],
};
