// Conformance sentences about `versions`, reads of a version, and writes that compare. The lever `rotate`
// writes versions behind the provider.

import assert from 'node:assert/strict';
import { isConfigError } from '../../errors.ts';
import type { ComparingProvider, VersionedProvider, VersionInfo } from '../../provider.ts';
import type { TestContext } from '../test-context.ts';
import { assertNoLeak } from './assertions.ts';
import { fakes } from './samples.ts';
import type { Chapter } from './sentence.ts';

const key = 'service.name';
const values = { [key]: 'inference' } as const;

const versioned = (context: TestContext): VersionedProvider => context.with('versions');

function comparing({ writable }: TestContext): ComparingProvider {
  const hint = "Add it, or give the reason: without: { compares: 'because …' }";
  assert.equal(
    (writable as Partial<ComparingProvider>).compares,
    true,
    `provider.compares is missing. ${hint}`,
  );
  return writable as ComparingProvider;
}

const namesOf = (versions: readonly VersionInfo[]): string[] => versions.map(({ version }) => version);

/** Writes two more versions behind the provider, and returns the names of the two before the newest. */
async function rotated({ rotate }: TestContext): Promise<readonly [newer: string, older: string]> {
  const older = await rotate(key, 'training');
  const newer = await rotate(key, 'tuning');
  return [newer, older];
}

export const versions: Chapter = {
  title: 'versions',
  needs: ['versions'],
  sentences: [
    {
      title: 'versions lists the newest version first, which is the one that get returns',
      values,
      async check(context) {
        const before = await rotated(context);
        const provider = versioned(context);
        const names = namesOf(await context.settled(provider.versions(key)));
        assert.deepEqual(names.slice(1, 3), before);
        const current = await context.settled(provider.get(key, { maxAgeMs: 0 }));
        assert.equal(names[0], current?.version);
      },
    },
    {
      title: 'get returns the value of each version that versions lists',
      values,
      async check(context) {
        await rotated(context);
        const provider = versioned(context);
        const names = namesOf(await context.settled(provider.versions(key)));
        for (const [i, value] of ['tuning', 'training', 'inference'].entries()) {
          const version = names[i];
          assert.ok(version !== undefined, `versions lists ${names.length} of 3 versions`);
          const entry = await context.settled(provider.get(key, { version }));
          assert.equal(entry?.value, value, `version ${version}`);
          assert.equal(entry.version, version);
        }
      },
    },
    {
      title: 'versions returns at most as many as its limit, the newest ones',
      values,
      async check(context) {
        await rotated(context);
        const provider = versioned(context);
        const names = namesOf(await context.settled(provider.versions(key)));
        for (const limit of [1, 2])
          assert.deepEqual(
            namesOf(await context.settled(provider.versions(key, { limit }))),
            names.slice(0, limit),
          );
      },
    },
    {
      title: 'versions rejects a limit that is not a whole number above 0 with invalid_option',
      values,
      async check(context) {
        const provider = versioned(context);
        for (const limit of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '3', null]) {
          const error = await context.rejection(provider.versions(key, { limit: limit as number }));
          assert.equal(error.code, 'invalid_option', `limit ${limit}`);
        }
      },
    },
    {
      title: 'versions is empty while no document has the key',
      values: {},
      async check(context) {
        assert.deepEqual(await context.settled(versioned(context).versions('no.such.key')), []);
      },
    },
    {
      title: 'versions accepts a key with slashes, and rejects an invalid one with invalid_key',
      values,
      async check(context) {
        const provider = versioned(context);
        const names = namesOf(await context.settled(provider.versions(key)));
        assert.deepEqual(namesOf(await context.settled(provider.versions('service/name'))), names);
        assert.ok(names.length > 0, 'versions is empty');
        assert.equal((await context.rejection(provider.versions('a..b'))).code, 'invalid_key');
      },
    },
    {
      title: 'versions contains no value',
      values: { 'database.password': fakes.password },
      async check(context) {
        const listed = await context.settled(versioned(context).versions('database.password'));
        assert.ok(listed.length > 0, 'versions is empty');
        assertNoLeak(listed, fakes.password);
      },
    },
    {
      title: 'versions rejects with aborted when its signal is already aborted',
      values,
      async check(context) {
        const signal = AbortSignal.abort();
        const error = await context.promptRejection(versioned(context).versions(key, { signal }));
        assert.equal(error.code, 'aborted');
      },
    },
    {
      title: 'versions rejects, and is not empty, when the backend denies access',
      needs: ['denied'],
      values,
      async check(context) {
        await context.fail('denied');
        const error = await context.rejection(versioned(context).versions(key));
        assert.equal(error.transient, false);
      },
    },
    {
      title: 'versions rejects, and is not empty, while the backend is unavailable',
      needs: ['unavailable'],
      values,
      async check(context) {
        await context.settled(versioned(context).versions(key));
        await context.fail('unavailable');
        const error = await context.rejection(versioned(context).versions(key));
        assert.equal(error.transient, true);
      },
    },
    {
      title: 'set adds a version before the others',
      needs: ['write'],
      values,
      async check(context) {
        const provider = versioned(context);
        const before = namesOf(await context.settled(provider.versions(key)));
        const entry = await context.settled(context.writable.set(key, 'training'));
        const after = namesOf(await context.settled(provider.versions(key)));
        assert.deepEqual(after.slice(1), before);
        assert.equal(entry.version, after[0]);
      },
    },
    {
      title: 'of two writers with one ifVersion, one is refused with conflict',
      needs: ['write', 'compares'],
      values,
      async check(context) {
        const { settled } = context;
        const writable = comparing(context);
        const [newest] = await settled(versioned(context).versions(key));
        const options = { ifVersion: newest?.version ?? '' };
        const results = await settled(
          Promise.allSettled(['training', 'tuning'].map((value) => writable.set(key, value, options))),
        );
        const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
        assert.equal(refused.length, 1, `${refused.length} of 2 writers are refused`);
        assert.equal(isConfigError(refused[0]) && refused[0].code, 'conflict');
      },
    },
    {
      title: 'a writer whose ifVersion is no longer the newest changes nothing',
      needs: ['write', 'compares'],
      values,
      async check(context) {
        const { provider, settled, rejection } = context;
        const writable = comparing(context);
        await settled(provider.get(key));
        const ifVersion = await context.rotate(key, 'training');
        const options = { ifVersion };
        assert.equal((await rejection(writable.set(key, 'tuning', options))).code, 'conflict');
        assert.equal((await rejection(writable.delete(key, options))).code, 'conflict');
        assert.equal((await settled(provider.get(key, { maxAgeMs: 0 })))?.value, 'training');
      },
    },
  ],
};
