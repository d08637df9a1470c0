// Conformance sentences about `where`, which must make no request.

import assert from 'node:assert/strict';
import type { Chapter } from './sentence.ts';

export const where: Chapter = {
  title: 'where',
  needs: ['where'],
  sentences: [
    {
      title: 'where returns the place of a key without a request',
      values: { 'service.name': 'inference' },
      async check({ with: having, requestsIfCounted }) {
        const provider = having('where');
        const requests = await requestsIfCounted(async () => {
          for (const key of ['service.name', 'service.none'])
            assert.ok(provider.where(key), `where returned no place for ${key}`);
        });
        assert.ok(!requests, 'where made a request to the backend');
      },
    },
    {
      title: 'where returns different places for different keys',
      values: {},
      async check({ with: having }) {
        const provider = having('where');
        assert.notEqual(provider.where('service.name'), provider.where('service.zone'));
      },
    },
    {
      title: 'where returns different places for keys that differ only in their sections',
      needs: ['spelling'],
      values: {},
      async check({ with: having }) {
        const provider = having('where');
        assert.notEqual(provider.where('first.part'), provider.where('firstPart'));
      },
    },
    {
      title: 'where returns the place that the origin of the entry names',
      values: { 'service.name': 'inference' },
      async check({ provider, with: having, settled }) {
        const entry = await settled(provider.get('service.name'));
        const places = having('where').where('service.name');
        assert.ok(
          entry &&
            places
              .split('\n')
              .some((place) => place.includes(entry.origin.source) || entry.origin.source.includes(place)),
          `where returned ${places}, but the value comes from ${entry?.origin.source}`,
        );
      },
    },
  ],
};
