import assert from 'node:assert/strict';
import { keepsQuiet, leaves } from './assertions.ts';
import { fakes } from './samples.ts';
import type { Chapter } from './sentence.ts';

export const life: Chapter = {
  title: 'life',
  sentences: [
    {
      says: 'has a name, which stays',
      values: { 'service.name': 'inference' },
      async holds({ provider, settled }) {
        const { name } = provider;
        assert.ok(typeof name === 'string' && name !== '', 'it has no name');
        await settled(provider.get('service.name'));
        await settled(provider.list());
        assert.equal(provider.name, name);
      },
    },
    {
      says: 'prints no secret that it has read',
      values: { 'database.password': fakes.password },
      async holds({ provider, settled }) {
        await settled(provider.list());
        await settled(provider.get('database.password'));
        keepsQuiet(provider, fakes.password);
      },
    },
    {
      says: 'closes, and closes again, also at once',
      values: { 'service.name': 'inference' },
      async holds({ provider, settled }) {
        await settled(provider.get('service.name'));
        await settled(Promise.all([provider.close?.(), provider.close?.()]));
        await settled(Promise.resolve(provider.close?.()));
      },
    },
    {
      says: 'closes without ever having been used',
      values: {},
      async holds({ provider, settled }) {
        await settled(Promise.resolve(provider.close?.()));
      },
    },
  ],
};

export const where: Chapter = {
  title: 'where',
  needs: ['where'],
  sentences: [
    {
      says: 'tells where a key would be looked for, and asks nobody',
      values: { 'service.name': 'inference' },
      async holds({ with: having, cost }) {
        const provider = having('where');
        const requests = await cost(async () => {
          for (const key of ['service.name', 'service.none'])
            assert.ok(provider.where(key), `it knows no place for ${key}`);
        });
        assert.ok(!requests, 'it asked the backend');
      },
    },
    {
      says: 'names different places for different keys',
      values: {},
      async holds({ with: having }) {
        const provider = having('where');
        assert.notEqual(provider.where('service.name'), provider.where('service.zone'));
        assert.notEqual(provider.where('first.part'), provider.where('firstPart'));
      },
    },
    {
      says: 'names the place that the entry then names',
      values: { 'service.name': 'inference' },
      async holds({ provider, with: having, settled }) {
        const entry = await settled(provider.get('service.name'));
        const places = having('where').where('service.name');
        assert.ok(
          entry &&
            places
              .split('\n')
              .some((place) => place.includes(entry.origin.source) || entry.origin.source.includes(place)),
          `it looks in ${places} and answers from ${entry?.origin.source}`,
        );
      },
    },
  ],
};

export const refresh: Chapter = {
  title: 'refresh',
  needs: ['refresh'],
  sentences: [
    {
      says: 'loses nothing by a refresh',
      values: { 'service.name': 'inference', 'database.host': 'db.internal' },
      async holds({ provider, with: having, settled }) {
        const before = leaves(await settled(provider.list())).length;
        await settled(having('refresh').refresh());
        await settled(having('refresh').refresh('database'));
        assert.equal((await settled(provider.get('service.name')))?.value, 'inference');
        assert.equal(leaves(await settled(provider.list())).length, before);
      },
    },
    {
      says: 'reads what has changed after a refresh',
      needs: ['change'],
      values: { 'service.name': 'inference', 'service.zone': 'b' },
      async holds({ provider, with: having, settled, change }) {
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

export const health: Chapter = {
  title: 'health',
  needs: ['health'],
  sentences: [
    {
      says: 'is ok when all is well, and says when that was',
      values: { 'service.name': 'inference' },
      async holds({ provider, with: having, settled }) {
        await settled(provider.get('service.name'));
        const health = await settled(having('health').health());
        assert.equal(health.status, 'ok', health.reason);
        assert.ok(Number.isFinite(health.checkedAt), 'it does not say when');
      },
    },
    {
      says: 'is not ok when the backend is out of reach, says why, and does not throw',
      needs: ['unavailable'],
      values: { 'database.password': fakes.password },
      async holds({ with: having, settled, refusal, provider, fail }) {
        await fail('unavailable');
        await refusal(provider.get('database.password', { maxAgeMs: 0 }));
        const health = await settled(having('health').health());
        assert.notEqual(health.status, 'ok');
        assert.ok(health.reason, 'it does not say why');
        keepsQuiet(health, fakes.password);
      },
    },
  ],
};
